/** Every table of the first release. */
export const initial = `
create table users (
  id text primary key,
  name text,
  telegram_id bigint unique,
  is_admin boolean not null default false,
  created_at timestamptz not null default now()
);

create table api_keys (
  id text primary key,
  user_id text not null references users (id),
  name text not null,
  prefix text not null unique,
  secret_hash text not null,
  role text not null,
  scopes jsonb not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);

create table projects (
  id text primary key,
  owner_id text not null references users (id),
  name text not null,
  description text,
  status text not null default 'draft',
  modules jsonb not null,
  repository_url text,
  main_sha text,
  manifest jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index projects_name_unique on projects (owner_id, name) where status <> 'archived';

create table tasks (
  id text primary key,
  project_id text not null references projects (id),
  owner_id text not null references users (id),
  type text not null,
  status text not null default 'queued',
  reason text,
  spec text,
  result jsonb,
  error text,
  attempt integer not null default 1,
  epoch integer not null default 0,
  cancel_requested boolean not null default false,
  request_id text not null,
  correlation_id text not null,
  message text not null,
  last_seq integer not null default 0,
  queued_at timestamptz not null default now(),
  published_at timestamptz,
  publish_count integer not null default 0,
  publish_after timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
-- One running task of a type in a project: the database refuses the second, whoever asks.
create unique index tasks_one_running on tasks (project_id, type) where status = 'running';
create index tasks_queued on tasks (project_id, type, queued_at, id) where status = 'queued';
create index tasks_outbox on tasks (publish_after) where status = 'queued';
create index tasks_project on tasks (project_id, id);
create index tasks_owner on tasks (owner_id, id);

create table attempts (
  task_id text not null references tasks (id),
  epoch integer not null,
  opened_by text not null,
  worker_id text,
  request_id text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  exit_code integer,
  usage jsonb,
  result jsonb,
  primary key (task_id, epoch)
);

create table task_events (
  task_id text not null references tasks (id),
  seq integer not null,
  entry_id text not null,
  request_id text not null,
  type text not null,
  event jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (task_id, seq),
  unique (task_id, entry_id)
);
-- A run of a task ends once, however often its end is announced.
create unique index task_events_one_end on task_events (task_id, request_id) where type in ('completed', 'failed');

create table servers (
  handle text primary key,
  ip text not null,
  status text not null,
  specs jsonb,
  port_from integer not null,
  port_to integer not null,
  last_health_check timestamptz
);

create table allocations (
  id text primary key,
  server_handle text not null references servers (handle),
  project_id text not null references projects (id),
  service text not null,
  port integer not null,
  unique (server_handle, port),
  unique (project_id, service)
);

create table deployments (
  id text primary key,
  request_id text not null unique,
  project_id text not null references projects (id),
  task_id text references tasks (id),
  server_handle text not null references servers (handle),
  service text not null,
  port integer not null,
  url text not null,
  commit_sha text not null,
  deployed_at timestamptz not null default now()
);
create index deployments_project on deployments (project_id, id);

create table secrets (
  project_id text not null references projects (id),
  name text not null,
  sealed bytea not null,
  updated_at timestamptz not null default now(),
  primary key (project_id, name)
);

create table idempotency_keys (
  user_id text not null,
  route text not null,
  key text not null,
  request_hash text not null,
  sealed_response bytea,
  created_at timestamptz not null default now(),
  primary key (user_id, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

create table settings (
  name text primary key,
  value bytea not null
);
`;
