export * from './base.js';
export * from './datetime.js';
export * from './dead-letter.js';
export * from './define-queue.js';
export * from './dtos.js';
export * from './encoding.js';
export * from './error-codes.js';
export * from './events.js';
export { fromFlatFields } from './flat-fields.js';
export * from './http/agent-config.js';
export * from './http/deployment.js';
export * from './http/incident.js';
export * from './http/problem.js';
export * from './http/project.js';
export * from './http/secret.js';
export * from './http/service.js';
export * from './http/task.js';
export * from './http/user.js';
export * from './identifiers.js';
export * from './parse-json.js';
export { isRedacted, withoutSecretText } from './plain-secret.js';
export * from './queues/ansible-deploy.js';
export * from './queues/deploy.js';
export * from './queues/engineering.js';
export * from './queues/provisioner.js';
export * from './queues/repository.js';
export * from './queues/scaffolder.js';
export * from './queues/worker-commands.js';
export * from './queues/worker-io.js';
export * from './queues/worker-lifecycle.js';
export * from './read-document.js';
export * from './reference.js';
export * from './registry.js';
export {
  adminScopeIn,
  commandIds,
  expandScopes,
  holdsScope,
  isKnownScope,
  type KnownScope,
  knownScopes,
  roleScopes,
  type ServiceName,
  serviceNames,
  serviceScopes,
} from './scopes.js';
