// Written by `npm run generate` from the definitions in src/commands: change those.
import type { CommandId } from '../command-table.js';
import type { Field } from '../kit/field.js';

export const globalFields: readonly Field[] = [
    {"name":"json","kind":"boolean","description":"Print one JSON document (also ORCHESTRATOR_JSON=1)"},
    {"name":"profile","kind":"text","description":"Profile to use (ORCHESTRATOR_PROFILE)"},
    {"name":"api_url","kind":"text","description":"Address of the API (ORCHESTRATOR_API_URL)"},
    {"name":"no_input","kind":"boolean","description":"Never ask (ORCHESTRATOR_NO_INPUT)"},
    {"name":"quiet","kind":"boolean","description":"No progress, and no hints of what comes next"},
    {"name":"verbose","kind":"boolean","description":"Tell of every call (ORCHESTRATOR_DEBUG)"},];

const fields: Record<string, readonly Field[]> = {
  "project.create": [
    {"name":"name","kind":"text","description":"The name, if it is not given as an argument","positional":"Name of the project, such as todo-api"},
    {"name":"description","kind":"text","description":"What it is for, in a sentence","value":"TEXT","mayBeEmpty":true},
    {"name":"modules","kind":"text","choices":["backend"],"description":"Parts of the template to draw","multiple":true,"separator":","},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"dry_run","kind":"boolean","description":"Have the server check everything, and store nothing"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "project.list": [
    {"name":"status","kind":"text","choices":["draft","scaffolding","scaffolded","scaffold_failed","developing","testing","built","deploying","active","failed","archived"],"description":"Only projects in this status"},
    {"name":"name","kind":"text","description":"Only the project of this name"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","name","description","status","modules","repository_url","repository","owner_id","main_sha","manifest","created_at","updated_at"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "project.get": [
    {"name":"project","kind":"text","description":"The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)","positional":"Name or id; without it, that of the settings"},],
  "project.update": [
    {"name":"project","kind":"text","description":"The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)","positional":"Name or id; without it, that of the settings"},
    {"name":"name","kind":"text","description":"Its new name"},
    {"name":"description","kind":"text","description":"What it is for; empty takes the description away","value":"TEXT","mayBeEmpty":true},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "project.archive": [
    {"name":"project","kind":"text","description":"The project, if it is not given as an argument","positional":"Name or id"},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "project.tasks": [
    {"name":"project","kind":"text","description":"The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)","positional":"Name or id; without it, that of the settings"},
    {"name":"type","kind":"text","choices":["engineering","deploy"],"description":"Only tasks of this type"},
    {"name":"status","kind":"text","choices":["queued","running","completed","failed","cancelled"],"description":"Only tasks in this status"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","project_id","type","status","reason","waits_for","result","error","attempt","epoch","cancel_requested","request_id","correlation_id","created_at","updated_at","started_at","finished_at"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "engineering.start": [
    {"name":"spec","kind":"text","description":"What is wanted; - reads standard input","value":"TEXT","mayBeEmpty":true},
    {"name":"spec_file","kind":"text","description":"File that says what is wanted","value":"FILE"},
    {"name":"project","kind":"text","description":"Name or id (ORCHESTRATOR_PROJECT, or \"project\" in .orchestrator.json)"},
    {"name":"wait","kind":"text","description":"Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels","value":"15m","valueOptional":true},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"dry_run","kind":"boolean","description":"Have the server check everything, and store nothing"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "engineering.status": [
    {"name":"task","kind":"text","description":"Id; without it, the latest of the project","positional":true},
    {"name":"project","kind":"text","description":"Take the latest task of this project (ORCHESTRATOR_PROJECT)"},],
  "engineering.wait": [
    {"name":"task","kind":"text","description":"Id; without it, the latest of the project","positional":true},
    {"name":"project","kind":"text","description":"Take the latest task of this project (ORCHESTRATOR_PROJECT)"},
    {"name":"timeout","kind":"text","description":"Wait no longer than this","value":"15m"},],
  "deploy.start": [
    {"name":"anyway","kind":"boolean","description":"Also where engineering has failed so far, and main holds only the template"},
    {"name":"project","kind":"text","description":"Name or id (ORCHESTRATOR_PROJECT, or \"project\" in .orchestrator.json)"},
    {"name":"wait","kind":"text","description":"Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels","value":"15m","valueOptional":true},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"dry_run","kind":"boolean","description":"Have the server check everything, and store nothing"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "deploy.status": [
    {"name":"task","kind":"text","description":"Id; without it, the latest of the project","positional":true},
    {"name":"project","kind":"text","description":"Take the latest task of this project (ORCHESTRATOR_PROJECT)"},],
  "deploy.wait": [
    {"name":"task","kind":"text","description":"Id; without it, the latest of the project","positional":true},
    {"name":"project","kind":"text","description":"Take the latest task of this project (ORCHESTRATOR_PROJECT)"},
    {"name":"timeout","kind":"text","description":"Wait no longer than this","value":"15m"},],
  "deploy.list": [
    {"name":"project","kind":"text","description":"Only what is deployed of this project (ORCHESTRATOR_PROJECT)"},
    {"name":"all","kind":"boolean","description":"Earlier deployments too"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","request_id","project_id","project_name","task_id","server_handle","service","port","url","commit_sha","deployed_at"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "task.list": [
    {"name":"project","kind":"text","description":"Only tasks of this project (ORCHESTRATOR_PROJECT)"},
    {"name":"type","kind":"text","choices":["engineering","deploy"],"description":"Only tasks of this type"},
    {"name":"status","kind":"text","choices":["queued","running","completed","failed","cancelled"],"description":"Only tasks in this status"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","project_id","type","status","reason","waits_for","result","error","attempt","epoch","cancel_requested","request_id","correlation_id","created_at","updated_at","started_at","finished_at"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "task.get": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas (JSON)","value":"A,B","fieldNames":["id","project_id","type","status","reason","waits_for","spec","result","error","attempt","epoch","cancel_requested","request_id","correlation_id","created_at","updated_at","started_at","finished_at"]},],
  "task.watch": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"since","kind":"integer","min":0,"description":"Only events after this seq","preset":0,"value":"SEQ"},],
  "task.logs": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"follow","kind":"boolean","description":"Go on with what comes, to the last event"},
    {"name":"full","kind":"boolean","description":"Every line of what an event says, such as the output of tests"},
    {"name":"since","kind":"integer","min":0,"description":"Only events after this seq","preset":0,"value":"SEQ"},
    {"name":"limit","kind":"integer","min":1,"description":"Events to show; without it, all","value":"N","excludes":["follow"]},],
  "task.cancel": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"wait","kind":"text","description":"Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels","value":"15m","valueOptional":true},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "task.fail": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"reason","kind":"text","description":"Why, for whoever watches the task","required":true},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "task.retry": [
    {"name":"task","kind":"text","description":"Id of the task","required":true,"positional":true},
    {"name":"wait","kind":"text","description":"Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels","value":"15m","valueOptional":true},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "secret.set": [
    {"name":"name","kind":"text","description":"The environment variable","required":true,"positional":true},
    {"name":"project","kind":"text","description":"Name or id (ORCHESTRATOR_PROJECT, or \"project\" in .orchestrator.json)"},
    {"name":"file","kind":"text","description":"File that holds the value; - reads standard input","value":"FILE"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "secret.list": [
    {"name":"project","kind":"text","description":"Name or id (ORCHESTRATOR_PROJECT, or \"project\" in .orchestrator.json)"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["name","reference","updated_at","state"]},],
  "secret.delete": [
    {"name":"name","kind":"text","description":"The environment variable","required":true,"positional":true},
    {"name":"project","kind":"text","description":"Name or id (ORCHESTRATOR_PROJECT, or \"project\" in .orchestrator.json)"},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "explain": [
    {"name":"task","kind":"text","description":"Id of the task, or of the call that it came of","required":true,"positional":true},],
  "respond": [
    {"name":"text","kind":"text","description":"What to say; - for standard input","positional":true},],
  "worker.create": [
    {"name":"agent","kind":"text","choices":["claude-code","factory-droid","codex","custom"],"description":"What it runs; custom by default"},
    {"name":"agent_config","kind":"text","description":"For custom: a command of the operator's agents file","value":"NAME"},
    {"name":"name","kind":"text","description":"What people call it; the name of the agent by default"},
    {"name":"type","kind":"text","choices":["developer","po"],"description":"developer by default; po talks with a person"},
    {"name":"capability","kind":"text","description":"What it needs, such as git or node; may be given again","multiple":true},
    {"name":"env","kind":"text","description":"A variable from a reference; may be given again","multiple":true,"value":"NAME=REF"},
    {"name":"repo","kind":"text","description":"What to clone, at main or a branch or commit","value":"ORG/REPO[@REF]"},
    {"name":"read_only","kind":"boolean","description":"Push nothing, whatever the agent changes","needs":["repo"]},
    {"name":"instructions_file","kind":"text","description":"What the agent is told once and for all","value":"FILE"},
    {"name":"allow","kind":"text","description":"A command that the agent may call; may be given again","multiple":true,"value":"ID"},
    {"name":"input","kind":"text","description":"The whole configuration as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"dry_run","kind":"boolean","description":"Only check the configuration, and ask worker-manager whether it has the agent"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same worker; in CI it follows from run, command and input","value":"KEY"},
    {"name":"timeout","kind":"text","description":"Wait so long at most","value":"30s"},],
  "worker.list": [],
  "worker.get": [
    {"name":"worker","kind":"text","description":"Id of the worker, see worker list","positional":true},],
  "worker.send": [
    {"name":"worker","kind":"text","description":"Id of the worker, see worker list","positional":true},
    {"name":"message","kind":"text","description":"The prompt; - for standard input","positional":true},
    {"name":"file","kind":"text","description":"The prompt, from a file","value":"FILE"},
    {"name":"resume","kind":"text","description":"Wait for a turn that was asked for before","value":"REQUEST_ID"},
    {"name":"no_wait","kind":"boolean","description":"Return at once"},
    {"name":"turn_timeout","kind":"text","description":"How long the turn may take; 30m by default","value":"30m"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same turn","value":"KEY"},
    {"name":"timeout","kind":"text","description":"Wait so long at most","value":"30s"},],
  "worker.send-file": [
    {"name":"worker","kind":"text","description":"Id of the worker, see worker list","positional":true},
    {"name":"file","kind":"text","description":"The local file; - for standard input","positional":true},
    {"name":"path","kind":"text","description":"Where it goes, inside the worker","positional":true},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "worker.logs": [
    {"name":"worker","kind":"text","description":"Id of the worker, see worker list","positional":true},
    {"name":"follow","kind":"boolean","description":"Go on with what comes"},
    {"name":"since","kind":"text","description":"Only lines after this seq","value":"SEQ"},
    {"name":"limit","kind":"integer","min":1,"max":2000,"description":"Lines to begin with, up to 2000","preset":200,"value":"N"},],
  "worker.delete": [
    {"name":"worker","kind":"text","description":"Id of the worker, see worker list","positional":true},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},],
  "queue.list": [],
  "queue.stats": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},],
  "queue.peek": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Messages to show, up to 500","preset":10,"value":"N"},],
  "queue.tail": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"since","kind":"text","description":"Only messages after this seq; 0 for all","value":"SEQ"},
    {"name":"limit","kind":"integer","min":1,"description":"End after so many messages","value":"N"},
    {"name":"timeout","kind":"text","description":"End after so long","value":"30s"},],
  "queue.publish": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"input","kind":"text","description":"The message as JSON, from a file or standard input (-)","value":"FILE"},
    {"name":"set","kind":"text","description":"A field of the message; may be given again, wins over --input","multiple":true,"value":"NAME=VALUE"},
    {"name":"dry_run","kind":"boolean","description":"Only check the message"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same message; in CI it follows from run, command and input","value":"KEY"},],
  "queue.dlq.list": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","added_at","code","error","error_type","attempts","service","correlation_id","refusal","message","fields"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "queue.dlq.replay": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"ids","kind":"text","description":"Ids of dead letters, separated by commas","positional":true},
    {"name":"all","kind":"boolean","description":"All dead letters that are there now"},
    {"name":"dry_run","kind":"boolean","description":"Only tell which ones"},
    {"name":"code","kind":"text","description":"With --all: only those of this code","value":"CODE","needs":["all"]},],
  "queue.dlq.purge": [
    {"name":"queue","kind":"text","description":"Name of the queue, see queue list","positional":true},
    {"name":"ids","kind":"text","description":"Ids of dead letters, separated by commas","positional":true},
    {"name":"all","kind":"boolean","description":"All dead letters that are there now"},
    {"name":"dry_run","kind":"boolean","description":"Only tell which ones"},
    {"name":"older_than","kind":"text","description":"Those given up longer ago than this","value":"7d"},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},],
  "mcp": [
    {"name":"allow","kind":"text","description":"Offer these too: ids, topic.*, * or a role, separated by commas; may be given again. Never more than ALLOWED_COMMANDS","multiple":true,"value":"A,B"},],
  "auth.login": [
    {"name":"token_stdin","kind":"boolean","description":"Read the token from standard input; a second line is the Redis URL"},
    {"name":"keep_current","kind":"boolean","description":"Go on with the profile in use; this one takes --profile"},],
  "auth.logout": [],
  "auth.status": [],
  "auth.key.create": [
    {"name":"name","kind":"text","description":"The name, if it is not given as an argument","positional":"What the key is for, such as ci"},
    {"name":"role","kind":"text","choices":["user","worker","service","admin"],"description":"What it is for"},
    {"name":"user","kind":"text","description":"Whose it is, as an administrator: the id that user create gave; yours without it","value":"ID"},
    {"name":"scopes","kind":"text","description":"Commands it may run: ids, topic.* or *; all that yours may by default","value":"A,B"},
    {"name":"expires","kind":"text","description":"When it ends: 2030-01-31 or in so long; never without it","value":"90d"},
    {"name":"out","kind":"text","description":"Write the secret to this new file, for you alone, and print it not","value":"FILE"},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "auth.key.list": [
    {"name":"all","kind":"boolean","description":"Revoked and expired ones too"},
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","name","prefix","role","scopes","user_id","expires_at","revoked_at","created_at","created_by"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "auth.key.revoke": [
    {"name":"key","kind":"text","description":"Id of the key, from auth key list","required":true,"positional":true},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "user.create": [
    {"name":"name","kind":"text","description":"What people call the user","positional":true},
    {"name":"telegram_id","kind":"integer","description":"Their Telegram id, which messages call user_id"},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "user.list": [
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["id","name","telegram_id","is_admin","created_at","disabled_at"]},
    {"name":"limit","kind":"integer","min":1,"max":500,"description":"Items to show, up to 500","preset":50,"value":"N"},
    {"name":"cursor","kind":"text","description":"Go on after an earlier list: its next_cursor"},],
  "user.disable": [
    {"name":"user","kind":"text","description":"Id of the user, from user list","required":true,"positional":true},
    {"name":"yes","kind":"boolean","description":"Do it without asking; needed where nobody can be asked"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "user.enable": [
    {"name":"user","kind":"text","description":"Id of the user, from user list","required":true,"positional":true},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call","value":"KEY"},],
  "infra.server.set": [
    {"name":"handle","kind":"text","description":"Name of the server, such as local","required":true,"positional":true},
    {"name":"ip","kind":"text","description":"Address that its services answer on; a new server needs it","value":"ADDRESS"},
    {"name":"kind","kind":"text","description":"How releases get there: local, or another kind that infra-service has an executor for","value":"KIND"},
    {"name":"status","kind":"text","choices":["new","pending_setup","active","unreachable","maintenance"],"description":"Projects are put on active ones only"},
    {"name":"port_from","kind":"integer","min":1,"max":65535,"description":"The lowest TCP port for projects"},
    {"name":"port_to","kind":"integer","min":1,"max":65535,"description":"The highest TCP port for projects"},
    {"name":"input","kind":"text","description":"The whole request as JSON, from a file or standard input (-); other flags win over it","value":"FILE"},
    {"name":"dry_run","kind":"boolean","description":"Have the server check everything, and store nothing"},
    {"name":"idempotency_key","kind":"text","description":"Makes a repeated call the same call; in CI it follows from run, command and input","value":"KEY"},],
  "infra.server.list": [
    {"name":"fields","kind":"text","description":"Only these fields, separated by commas","value":"A,B","fieldNames":["handle","kind","ip","status","specs","port_from","port_to","last_health_check"]},],
  "config.get": [
    {"name":"name","kind":"text","description":"One of profile, api_url, token, redis_url, project","positional":true},],
  "config.set": [
    {"name":"name","kind":"text","description":"One of current_profile, api_url, redis_url, project","positional":true},
    {"name":"value","kind":"text","description":"Its value; - reads standard input","positional":true},
    {"name":"unset","kind":"boolean","description":"Forget the setting"},],
  "config.list": [],
  "config.profiles": [],
  "diagnose": [],
  "diagnose.api": [],
  "diagnose.redis": [],
  "diagnose.services": [],
  "diagnose.workers": [],
  "diagnose.projects": [],
  "contracts.list": [],
  "contracts.schema": [
    {"name":"model","kind":"text","description":"Name of the model, see contracts list","positional":true},],
  "contracts.asyncapi": [],
  "contracts.validate": [
    {"name":"file","kind":"text","description":"The document, or the lines; - for standard input","positional":true},
    {"name":"model","kind":"text","description":"Name of the model, see contracts list","value":"NAME"},
    {"name":"lines","kind":"boolean","description":"Read lines that name a model and a document each"},],
  "up": [
    {"name":"data_dir","kind":"text","description":"Folder for everything it keeps (ORCHESTRATOR_DATA_DIR)","value":"DIR"},
    {"name":"port","kind":"integer","min":0,"max":65535,"description":"Port of the API; without it, the last one or any"},
    {"name":"agent","kind":"text","description":"Agent that develops (ORCHESTRATOR_AGENT)","value":"NAME"},
    {"name":"agents_file","kind":"text","description":"JSON file that names more agents (AGENTS_FILE)","value":"FILE"},
    {"name":"turn_timeout","kind":"integer","min":1,"description":"Seconds a developer's turn may take","value":"SECONDS"},
    {"name":"deploy_ports","kind":"text","description":"Ports that projects may get","value":"FROM-TO"},
    {"name":"template_dir","kind":"text","description":"Template that projects are drawn from","value":"DIR"},
    {"name":"detach","kind":"boolean","description":"Return once the API answers, and leave it running"},],
  "down": [
    {"name":"data_dir","kind":"text","description":"Folder of the system (ORCHESTRATOR_DATA_DIR); else that of the profile","value":"DIR"},
    {"name":"timeout","kind":"text","description":"Wait no longer than this","preset":"60s","value":"60s"},],
  "system.init": [
    {"name":"dir","kind":"text","description":"Folder to write; new, or empty","required":true,"value":"DIR"},
    {"name":"data_dir","kind":"text","description":"Folder for repositories, workers and releases; data in DIR without it","value":"DIR"},
    {"name":"user","kind":"text","description":"Account that the services run as; yours without it","value":"NAME"},
    {"name":"release","kind":"text","description":"Folder that the programs are in, such as a link that an upgrade moves; this checkout without it","value":"DIR"},
    {"name":"host","kind":"text","description":"Address at which deployed projects are served; 127.0.0.1 without it","value":"ADDRESS"},
    {"name":"port","kind":"integer","min":1,"max":65535,"description":"Port of the API; 8000 without it"},
    {"name":"deploy_ports","kind":"text","description":"Ports that projects may get","value":"FROM-TO"},
    {"name":"agent","kind":"text","description":"Agent that develops","value":"NAME"},
    {"name":"agents_file","kind":"text","description":"JSON file that names more agents","value":"FILE"},
    {"name":"turn_timeout","kind":"integer","min":1,"description":"Seconds a developer's turn may take","value":"SECONDS"},
    {"name":"template_dir","kind":"text","description":"Template that projects are drawn from","value":"DIR"},
    {"name":"dry_run","kind":"boolean","description":"Check everything, tell what would be written, and write nothing"},],
  "completion": [
    {"name":"shell","kind":"text","choices":["bash","zsh","fish"],"description":"The shell; without it, the one in SHELL","positional":true},
    {"name":"complete","kind":"boolean","description":"For the scripts: complete the line on standard input","hidden":true},],
};

export const commandFields = fields as Record<CommandId, readonly Field[]>;
