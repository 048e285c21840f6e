/** A project whose tests had passed stayed `testing` for good. */
export const projectsRestAsBuilt = `
update projects set status = 'built' where status = 'testing' and not exists (
  select from tasks where tasks.project_id = projects.id and tasks.type = 'engineering' and tasks.status = 'running'
);
`;
