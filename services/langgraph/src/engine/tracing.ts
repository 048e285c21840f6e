/** Keeps LangChain from sending what the flows hold to its tracing service, whatever the environment says. */
export function turnTracingOff(): void {
  for (const name of ['LANGSMITH_TRACING', 'LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING', 'LANGCHAIN_TRACING_V2']) {
    process.env[name] = 'false';
  }
}
