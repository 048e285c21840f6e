/** A prompt in the developer step's format: the spec, and the failure of the last round, each with its byte count. */
export function framedPrompt(spec: string, failure?: string): Buffer {
  const section = (name: string, header: string, text: string) => [
    Buffer.from(`${header}: ${Buffer.byteLength(text)}\n----- BEGIN ${name} -----\n`),
    Buffer.from(text),
    Buffer.from(`\n----- END ${name} -----\n`),
  ];
  return Buffer.concat([
    Buffer.from('Please write what the spec asks for.\n\n'),
    ...section('SPEC', 'Spec-Bytes', spec),
    ...(failure === undefined ? [] : section('FAILURE', 'Failure-Bytes', failure)),
  ]);
}
