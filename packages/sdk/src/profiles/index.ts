/** Where an account's systems are, and its tokens for them: the file that `orchestrator auth login` writes. */
export {
  changeUserConfig,
  configPath,
  type Login,
  type Mend,
  type Profile,
  putAside,
  readUserConfig,
  storeLogin,
  type UserConfig,
} from './user-config.js';
