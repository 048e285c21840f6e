export { storable, storableText } from '@codegen/contracts/storable';
export { type Bounds, boundedText } from './bounded-text.js';
export { messageOf, textOf } from './error-text.js';
export { withoutEscapes } from './escape-sequences.js';
export { type RedactedStream, Redactor } from './redactor.js';
export { REDACTED, withoutPatterns } from './secret-patterns.js';
export { isSecretVariable } from './secret-variable.js';
