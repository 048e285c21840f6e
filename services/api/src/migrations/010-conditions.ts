/** What a task waits for, where that is more than its reason says. */
export const conditions = 'alter table tasks add column condition jsonb;';
