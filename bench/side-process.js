// One side of one part in a process of its own, so that its compiled code and its garbage burden nobody else.
// argv: side, URL of Redis. Over the channel: a job comes, its figure goes back; ends with the channel.
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
