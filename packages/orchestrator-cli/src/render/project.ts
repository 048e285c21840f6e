import type { Project } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs } from '../kit/table.js';
import { cut, oneLine } from '../kit/text.js';
import { ago, paintStatus } from './status.js';

/** A project in full, with where it is deployed as far as that is known. */
export function renderProject(project: Project, screen: Screen, urls: readonly string[] | null = null): string {
  const heading = `${screen.paint.bold(oneLine(project.name))}  ${paintStatus(project.status, project.status, screen)}`;
  const pairs = renderPairs(
    [
      ['id', project.id],
      ['description', project.description ? oneLine(project.description) : undefined],
      ['modules', project.modules.map(oneLine).join(', ')],
      ['repository', project.repository_url ? oneLine(project.repository_url) : undefined],
      ['main', project.main_sha?.slice(0, 12)],
      ...(urls ?? []).map((url) => ['url', oneLine(url)] as const),
      ['updated', ago(project.updated_at)],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}

/** Projects in a list. */
export function projectColumns(screen: Screen): Column<Project>[] {
  return [
    // No name is longer than that.
    { title: 'NAME', value: (project) => cut(oneLine(project.name), 40), whole: true },
    {
      title: 'STATUS',
      value: (project) => project.status,
      paint: (text, project) => paintStatus(text, project.status, screen),
    },
    { title: 'MAIN', value: (project) => project.main_sha?.slice(0, 8) ?? '', whole: true },
    { title: 'UPDATED', value: (project) => ago(project.updated_at) },
    { title: 'DESCRIPTION', value: (project) => project.description ?? '' },
  ];
}
