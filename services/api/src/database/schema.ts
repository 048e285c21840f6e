import type {
  ApiKeyRole,
  Condition,
  ProjectStatus,
  Server,
  ServiceName,
  TaskStatus,
  TaskType,
} from '@codegen/contracts';
import type { ColumnType, Generated } from 'kysely';

/** A moment, read as Date; the database's own clock fills it in. */
type Moment = ColumnType<Date, Date | string | undefined, Date | string>;
type MaybeMoment = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** A JSON document: written as text, read as the value. */
type Json<T> = ColumnType<T, string, string>;
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** Every table of the API, as kysely sees it; the SQL is in migrations/. */
export interface Database {
  users: {
    id: string;
    name: string | null;
    telegram_id: string | null;
    is_admin: boolean;
    created_at: Moment;
    disabled_at: MaybeMoment;
  };
  api_keys: {
    id: string;
    user_id: string;
    name: string;
    prefix: string;
    secret_hash: string;
    role: ApiKeyRole;
    scopes: Json<string[]>;
    expires_at: MaybeMoment;
    revoked_at: MaybeMoment;
    created_at: Moment;
    /** The key that made it; none for the operator's. */
    created_by: string | null;
  };
  projects: {
    id: string;
    owner_id: string;
    name: string;
    description: string | null;
    status: ProjectStatus;
    modules: Json<string[]>;
    repository_url: string | null;
    /** The three of them together, or none. */
    repository_full_name: string | null;
    clone_url: string | null;
    credential_ref: string | null;
    main_sha: string | null;
    manifest: MaybeJson<unknown>;
    created_at: Moment;
    updated_at: Moment;
  };
  tasks: {
    id: string;
    project_id: string;
    owner_id: string;
    type: TaskType;
    status: TaskStatus;
    reason: string | null;
    /** What it waits for; null where the reason says it all. */
    condition: MaybeJson<Condition>;
    spec: string | null;
    result: MaybeJson<Record<string, unknown>>;
    error: string | null;
    attempt: Generated<number>;
    epoch: Generated<number>;
    cancel_requested: Generated<boolean>;
    request_id: string;
    correlation_id: string;
    /** The queue message, as the text that is published. */
    message: string;
    last_seq: Generated<number>;
    queued_at: Moment;
    published_at: MaybeMoment;
    publish_count: Generated<number>;
    publish_after: MaybeMoment;
    created_at: Moment;
    updated_at: Moment;
    started_at: MaybeMoment;
    finished_at: MaybeMoment;
  };
  attempts: {
    task_id: string;
    epoch: number;
    /** The request that opened the attempt: the claim's, or that of the call that replaced a lost worker. */
    opened_by: string;
    worker_id: string | null;
    request_id: string | null;
    started_at: Moment;
    finished_at: MaybeMoment;
    exit_code: number | null;
    usage: MaybeJson<Record<string, number>>;
    result: MaybeJson<Record<string, unknown>>;
  };
  task_events: {
    task_id: string;
    seq: number;
    entry_id: string;
    request_id: string;
    type: string;
    event: Json<Record<string, unknown>>;
    recorded_at: Moment;
  };
  servers: {
    handle: string;
    kind: Generated<string>;
    ip: string;
    status: Server['status'];
    specs: MaybeJson<Record<string, unknown>>;
    port_from: number;
    port_to: number;
    last_health_check: MaybeMoment;
  };
  allocations: {
    id: string;
    server_handle: string;
    project_id: string;
    service: string;
    port: number;
  };
  deployments: {
    id: string;
    request_id: string;
    project_id: string;
    task_id: string | null;
    server_handle: string;
    service: string;
    port: number;
    url: string;
    commit_sha: string;
    deployed_at: Moment;
  };
  secrets: {
    project_id: string;
    name: string;
    sealed: Buffer;
    updated_at: Moment;
  };
  idempotency_keys: {
    api_key_id: string;
    route: string;
    key: string;
    request_hash: string;
    sealed_response: Buffer | null;
    created_at: Moment;
  };
  services: {
    name: ServiceName;
    instance: string;
    version: string;
    seen_at: Moment;
  };
  settings: {
    name: string;
    value: Buffer;
  };
}
