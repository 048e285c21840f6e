export { FileError, type FileProblem, parseFile } from './file-error.js';
export { dataFolderPath, homeFolder } from './home-folder.js';
export { makeFolder } from './make-folder.js';
export { listBelow, type ReadLimits, readFileBelow, readRegularFile } from './read-file.js';
export { removeTree } from './remove-tree.js';
export { diskFault, faultCode, faultInOutput, fullDisk, SystemFault, systemFault } from './system-fault.js';
export { moveBelow, openLogBelow, type WriteOptions, writeFileBelow } from './write-file.js';
