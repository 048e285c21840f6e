import { engineeringMessage } from '@codegen/contracts';

/** A task as the API's relay publishes it: the one payload of all sides, each with ids of its own. */
function realisticMessage() {
  const id = () => crypto.randomUUID().replaceAll('-', '');
  return engineeringMessage.parse({ task_id: `task_${id()}`, project_id: `proj_${id()}`, user_id: 4_211_733_905 });
}

/** So many of them, made before a clock starts. */
export function realisticMessages(count) {
  return Array.from({ length: count }, realisticMessage);
}
