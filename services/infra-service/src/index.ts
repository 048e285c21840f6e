export type { InfraServiceConfig } from './config.js';
export { infraService } from './infra-service.js';
