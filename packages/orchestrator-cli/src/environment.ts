/** A variable that the command line reads, and what it does. */
interface Variable {
  name: string;
  meaning: string;
}

/** Every variable that the command line reads. A flag goes before a variable, a variable before files. */
export const variables: readonly Variable[] = [
  { name: 'ORCHESTRATOR_API_URL', meaning: 'Address of the API, as `--api-url`' },
  { name: 'ORCHESTRATOR_TOKEN', meaning: 'Token for the API; there is no flag for it' },
  { name: 'ORCHESTRATOR_REDIS_URL', meaning: 'Redis of the system, with its password; there is no flag for it' },
  { name: 'ORCHESTRATOR_PROFILE', meaning: 'Profile of the configuration, as `--profile`' },
  { name: 'ORCHESTRATOR_PROJECT', meaning: 'Project to work on, as `--project`' },
  { name: 'ORCHESTRATOR_CONFIG_DIR', meaning: 'Folder of the configuration' },
  { name: 'ORCHESTRATOR_DATA_DIR', meaning: 'Data folder of `up` and `down`, as `--data-dir`' },
  {
    name: 'WORKER_ENV_ALLOWLIST',
    meaning: 'Of `up`: its variables that `worker create --env NAME=env:VARIABLE` may name, as `A,B`; none by default',
  },
  {
    name: 'DEPLOY_ENV_ALLOWLIST',
    meaning: 'Of `up`: the same for `env:` references of what is deployed; none by default',
  },
  {
    name: 'DATABASE_URL',
    meaning: 'Of `system init`: address of PostgreSQL, with its password; there is no flag for it',
  },
  { name: 'REDIS_URL', meaning: 'Of `system init`: address of Redis, with its password; there is no flag for it' },
  { name: 'ORCHESTRATOR_JSON', meaning: '`1` prints one JSON document, as `--json`' },
  { name: 'ORCHESTRATOR_NO_INPUT', meaning: '`1` never asks, as `--no-input`' },
  {
    name: 'ORCHESTRATOR_DEBUG',
    meaning: '`1` tells of every call, and prints the stack of an error; `DEBUG=orchestrator*` too',
  },
  { name: 'ALLOWED_COMMANDS', meaning: 'Commands that may be run: ids, `topic.*`, roles, `*`; missing means all' },
  { name: 'CI', meaning: 'Nothing is asked, progress is plain lines, idempotency keys follow from the run' },
  { name: 'NO_COLOR', meaning: 'No colours; `TERM=dumb` means that too, and no live view' },
  { name: 'FORCE_COLOR', meaning: 'Colours where no terminal is found' },
  { name: 'HTTPS_PROXY', meaning: 'Proxy for the API, with `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`' },
  {
    name: 'NODE_EXTRA_CA_CERTS',
    meaning:
      'File with certificates of your own certificate authorities, beside those that Node.js knows; `SSL_CERT_FILE` too',
  },
  { name: 'XDG_CONFIG_HOME', meaning: 'Where the folder of the configuration is, without ORCHESTRATOR_CONFIG_DIR' },
  {
    name: 'XDG_CACHE_HOME',
    meaning: 'Where Tab keeps names and ids for some seconds, in the folder `orchestrator`; `~/.cache` without it',
  },
];
