import { describe, expect, it } from 'vitest';
import { type AgentExit, classifyAgent } from '../../src/agent-outcome.js';

const options = { timeoutSeconds: 60, readOnly: false };
const exit = (more: Partial<AgentExit> = {}): AgentExit => ({ code: 0, signal: null, stderr: '', ...more });

describe('classifyAgent', () => {
  it('takes exit code 0 as success if the agent reports nothing else', () => {
    expect(classifyAgent(exit(), { ended: true }, options)).toEqual({ ok: true });
  });

  it('checks first whether we stopped it: an earlier success does not count', () => {
    const outcome = classifyAgent(exit({ stopped: 'timeout' }), { ended: true, status: 'success' }, options);
    expect(outcome).toMatchObject({ ok: false, reason: 'timeout', error: 'the agent timed out after 60 seconds' });
  });

  it('rejects exit code 0 without the final event', () => {
    expect(classifyAgent(exit(), { ended: false }, options)).toMatchObject({ ok: false, reason: 'agent_failed' });
  });

  it('accepts a reported failure with any exit code', () => {
    const report = { ended: true, status: 'failed', summary: 'two tests fail' } as const;
    expect(classifyAgent(exit(), report, options)).toMatchObject({ reason: 'agent_failed', error: 'two tests fail' });
    expect(classifyAgent(exit({ code: 1 }), report, { ...options, readOnly: true })).toMatchObject({
      reason: 'tests_failed',
      error: 'two tests fail',
    });
  });

  it('rejects a success of an agent that exits with an error or was killed', () => {
    const report = { ended: true, status: 'success' } as const;
    expect(classifyAgent(exit({ code: 2, stderr: 'oh' }), report, options)).toMatchObject({
      error: 'the agent exited with code 2\noh',
    });
    expect(classifyAgent(exit({ code: null, signal: 'SIGSEGV' }), report, options)).toMatchObject({
      error: 'the agent was killed by SIGSEGV',
    });
  });

  it('ignores our own signal to an agent that lingered after its result', () => {
    const report = { ended: true, status: 'success' } as const;
    expect(classifyAgent(exit({ code: null, signal: 'SIGTERM', stopped: 'lingered' }), report, options).ok).toBe(true);
  });
});
