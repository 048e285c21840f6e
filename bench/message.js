import { engineeringMessage } from '@codegen/contracts';

/** A task message like those of the relay, with new ids; all sides use it as payload. */
function realisticMessage() {
  const id = () => crypto.randomUUID().replaceAll('-', '');
  return engineeringMessage.parse({ task_id: `task_${id()}`, project_id: `proj_${id()}`, user_id: 4_211_733_905 });
}

/** Makes a number of messages, before a clock starts. */
export function realisticMessages(count) {
  return Array.from({ length: count }, realisticMessage);
}
