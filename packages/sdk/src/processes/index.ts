export { deathSignalPrefix } from './death-signal.js';
export { exitProcess, onEndSignals } from './end-signals.js';
export { type EndOptions, endAll, endTree } from './end-tree.js';
export { LockedError, type LockOptions, lockFile, lockHolder } from './lock-file.js';
export { folderFingerprint, lockFolder } from './lock-folder.js';
export { mostOpenFiles } from './most-open-files.js';
export { identityOf, isSameProcess, isStopped, type ProcessIdentity, thisProcess } from './process-identity.js';
export { argumentsOf, type ProcessEntry, processTable, variableOf, workingFolderOf } from './process-table.js';
export type { ProcessTree } from './process-tree.js';
