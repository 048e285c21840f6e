import { survivesSigkillOf } from './support/crash-suite.js';

survivesSigkillOf('stack');
