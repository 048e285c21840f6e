import { createProject, failTask, identifier, MAX_SPEC_BYTES } from '@codegen/contracts';
import { z } from 'zod';
import type { CommandId } from '../command-table.js';

const task = identifier.describe('Id of the task, task_…');
const projectNamed = identifier.describe('The project: its id or name');
const spec = z.string().min(1).max(MAX_SPEC_BYTES).describe('What is wanted, in any language, 1 MiB at most');
const { name, modules } = createProject.shape;
const newName = name.optional().describe('Its new name');
const description = createProject.shape.description.unwrap().unwrap().optional();

/**
 * Inputs that the contracts know more of than the command line does: their limits, and that a call cannot do without
 * them. All others follow from the command's own flags and arguments.
 */
export const knownFields: Partial<Record<CommandId, Record<string, z.ZodType>>> = {
  'project.create': {
    name,
    description: description.describe('What it is, for a person'),
    modules: modules.optional(),
  },
  'project.get': { project: projectNamed },
  'project.update': { name: newName },
  'project.archive': {
    project: projectNamed,
    yes: z.boolean().describe('Confirms it; needed, since it cannot be undone'),
  },
  'secret.list': { project: projectNamed },
  'contracts.schema': { model: z.string().describe('Name of the model, see contracts_list') },
  respond: { text: z.string().describe('What to say') },
  'engineering.start': { project: projectNamed, spec },
  'deploy.start': { project: projectNamed },
  'task.get': { task },
  'task.watch': { task },
  'task.logs': { task },
  'task.cancel': { task },
  'task.fail': { task, reason: failTask.shape.reason },
  'task.retry': { task },
  explain: { task: z.string().min(1).max(200).describe('Id of the task, or the correlation id of its call') },
};
