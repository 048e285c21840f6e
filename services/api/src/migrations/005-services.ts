/** Signs of life of services. */
export const services = `
create table services (
  name text not null,
  instance text not null,
  version text not null,
  seen_at timestamptz not null default now(),
  primary key (name, instance)
);
`;
