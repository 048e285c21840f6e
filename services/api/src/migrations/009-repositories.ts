/**
 * Where a project's repository is, apart from what people see. Every repository so far is a folder of the local host, and is
 * named by the end of its URL.
 */
export const repositories = `
alter table projects add column repository_full_name text;
alter table projects add column clone_url text;
alter table projects add column credential_ref text;
update projects set
  clone_url = regexp_replace(repository_url, '^.*/([^/]+/[^/]+)$', '\\1'),
  repository_full_name = regexp_replace(regexp_replace(repository_url, '[.]git$', ''), '^.*/([^/]+/[^/]+)$', '\\1'),
  credential_ref = 'none:'
where repository_url ~ '^file://.*/[^/]+/[^/]+[.]git$';
create index projects_repository on projects (repository_full_name);
`;
