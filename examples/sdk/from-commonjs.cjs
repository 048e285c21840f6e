// The package is ESM; CommonJS loads it with import().
async function main() {
  const { Orchestrator } = await import('@codegen/sdk');
  const { ORCHESTRATOR_API_URL: apiUrl = 'http://127.0.0.1:8000', ORCHESTRATOR_TOKEN: token } = process.env;
  const client = new Orchestrator({ apiUrl, token });
  const { items } = await client.projects.page({ limit: 1 });
  console.log(items.map(({ name }) => name));
}

main();
