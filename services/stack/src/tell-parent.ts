/** For whoever started this process as a child. One that has let go of it hears nothing. */
export function tellParent(news: object): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    process.send(news, undefined, undefined, () => resolve());
  });
}
