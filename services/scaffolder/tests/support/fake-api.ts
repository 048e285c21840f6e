import { createServer } from 'node:http';
import type { Project, ProjectReport, Task } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';

/** One project and one task, kept in memory: what the scaffolder needs of the API. */
export class FakeApi {
  readonly reports: ProjectReport[] = [];
  /** Calls that fail before one succeeds, as if the API were away. */
  failingReports = 0;
  project: Project;
  task: Task;

  constructor({ projectId = 'proj_1', taskId = 'task_1' } = {}) {
    const times = { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' };
    this.project = {
      ...{ id: projectId, name: 'window-seat', description: 'Notes & <tea>', status: 'scaffolding' },
      ...{ modules: ['backend'], repository_url: null, owner_id: 'user_1', main_sha: null, manifest: null, ...times },
      repository: null,
    };
    this.task = {
      ...{ id: taskId, project_id: projectId, type: 'engineering', status: 'running', reason: null, spec: null },
      ...{ result: null, error: null, attempt: 1, epoch: 1, cancel_requested: false, request_id: 'r', ...times },
      ...{ correlation_id: 'c', started_at: null, finished_at: null },
    };
  }

  readonly projects = {
    get: async (id: string) => {
      // Like the real one, it finds a project by its name too.
      if (id !== this.project.id && id !== this.project.name)
        throw new OrchestratorError('PROJECT_NOT_FOUND', `there is no project ${id}`);
      return this.project;
    },
    report: async (id: string, report: ProjectReport) => {
      if (this.failingReports > 0) {
        this.failingReports -= 1;
        throw new OrchestratorError('API_UNAVAILABLE', 'the API is away');
      }
      await this.projects.get(id);
      const { from, ...changes } = report;
      if (from && !from.includes(this.project.status)) throw new OrchestratorError('CONFLICT', this.project.status);
      this.reports.push(changes);
      this.project = { ...this.project, ...(changes as Partial<Project>) };
      return this.project;
    },
  };

  readonly tasks = {
    get: async (id: string) => {
      if (id !== this.task.id) throw new OrchestratorError('TASK_NOT_FOUND', `there is no task ${id}`);
      return this.task;
    },
  };

  /** The same over HTTP, for the whole service. */
  async listen(): Promise<{ url: string; close(): Promise<void> }> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const [, kind, id = '', verb] = (request.url ?? '').split('/');
      const answer = (status: number, body: unknown, type = 'application/json') =>
        response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
      try {
        if (kind === 'tasks') answer(200, await this.tasks.get(id));
        else if (verb === 'report') {
          answer(200, await this.projects.report(id, JSON.parse(Buffer.concat(chunks).toString())));
        } else answer(200, await this.projects.get(id));
      } catch (error) {
        const { code, message } = error as OrchestratorError;
        const status = code === 'CONFLICT' ? 409 : code === 'API_UNAVAILABLE' ? 503 : 404;
        answer(status, { type: 'about:blank', title: code, status, code, detail: message }, 'application/problem+json');
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return {
      url: `http://127.0.0.1:${port}`,
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    };
  }
}
