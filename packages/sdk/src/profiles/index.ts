/** The file that `orchestrator auth login` writes: addresses of an account's systems, and its tokens for them. */
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
