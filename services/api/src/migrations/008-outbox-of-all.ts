/** The outbox also holds messages of running tasks, whose flow is to look at what became of them. */
export const outboxOfAll = `
create index tasks_to_publish on tasks (publish_after) where publish_after is not null;
drop index tasks_outbox;
`;
