/** Tasks are found by the call that they came of. */
export const correlationIndex = 'create index tasks_correlation on tasks (correlation_id, id);';
