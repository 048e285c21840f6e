import type { z } from 'zod';
import { agentConfig } from './http/agent-config.js';
import {
  allocate,
  allocation,
  listDeploymentsQuery,
  putServer,
  recordDeployment,
  server,
  serviceDeployment,
} from './http/deployment.js';
import { incident } from './http/incident.js';
import { pageQuery, problem } from './http/problem.js';
import {
  createProject,
  listProjectsQuery,
  project,
  projectManifest,
  projectReport,
  updateProject,
} from './http/project.js';
import { putSecret, resolvedSecret, resolveSecret, secret } from './http/secret.js';
import {
  attempt,
  attemptReport,
  claimedTask,
  claimTask,
  createdTask,
  createTask,
  failTask,
  listTasksQuery,
  nextAttempt,
  outboxEntry,
  recordEvents,
  task,
  taskEvent,
  taskEventPage,
  taskEventsQuery,
  transitionTask,
} from './http/task.js';
import { apiKey, createApiKey, createdApiKey, createUser, listApiKeysQuery, user, whoami } from './http/user.js';

/** All bodies and queries of the REST API, by name. */
export const dtos = {
  Project: project,
  ProjectManifest: projectManifest,
  CreateProject: createProject,
  UpdateProject: updateProject,
  ListProjectsQuery: listProjectsQuery,
  ProjectReport: projectReport,
  Task: task,
  CreateTask: createTask,
  CreatedTask: createdTask,
  ListTasksQuery: listTasksQuery,
  ClaimTask: claimTask,
  ClaimedTask: claimedTask,
  TransitionTask: transitionTask,
  FailTask: failTask,
  OutboxEntry: outboxEntry,
  Attempt: attempt,
  NextAttempt: nextAttempt,
  AttemptReport: attemptReport,
  TaskEvent: taskEvent,
  TaskEventsQuery: taskEventsQuery,
  TaskEventPage: taskEventPage,
  RecordEvents: recordEvents,
  Server: server,
  PutServer: putServer,
  Allocation: allocation,
  Allocate: allocate,
  Incident: incident,
  ServiceDeployment: serviceDeployment,
  RecordDeployment: recordDeployment,
  ListDeploymentsQuery: listDeploymentsQuery,
  Secret: secret,
  PutSecret: putSecret,
  ResolveSecret: resolveSecret,
  ResolvedSecret: resolvedSecret,
  AgentConfig: agentConfig,
  User: user,
  CreateUser: createUser,
  ApiKey: apiKey,
  CreateApiKey: createApiKey,
  CreatedApiKey: createdApiKey,
  ListApiKeysQuery: listApiKeysQuery,
  Whoami: whoami,
  Problem: problem,
  PageQuery: pageQuery,
} as const satisfies Record<string, z.ZodType>;

export type DtoName = keyof typeof dtos;
