// Runs one side of one part in its own process, so that its compiled code and garbage do not affect other sides.
// argv: side, URL of Redis. Receives jobs over the channel and sends back their figures; ends with the channel.
const [, , side, url] = process.argv;
const { open } = await import(`./sides/${side}.js`);
const jobs = await open(url);

process.on('message', async ({ job, options }) => {
  try {
    process.send({ figure: await jobs[job](options) });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.once('disconnect', async () => {
  await jobs.close();
  process.exit();
});
process.send({ figure: 'ready' });
