import { describe, expect, it } from 'vitest';
import { type AgentExit, judgeAgent } from '../../src/verdict.js';

const options = { timeoutSeconds: 60, readOnly: false };
const exit = (more: Partial<AgentExit> = {}): AgentExit => ({ code: 0, signal: null, stderr: '', ...more });

describe('judgeAgent', () => {
  it('takes exit code 0 for success where the agent says nothing else', () => {
    expect(judgeAgent(exit(), { ended: true }, options)).toEqual({ ok: true });
  });

  it('asks first whether we stopped it: a success that was printed before does not count', () => {
    const verdict = judgeAgent(exit({ stopped: 'timeout' }), { ended: true, status: 'success' }, options);
    expect(verdict).toMatchObject({ ok: false, reason: 'timeout', error: 'the agent was stopped after 60 seconds' });
  });

  it('does not believe exit code 0 without the final event', () => {
    expect(judgeAgent(exit(), { ended: false }, options)).toMatchObject({ ok: false, reason: 'agent_failed' });
  });

  it('believes the agent when it reports failure, whatever the exit code', () => {
    const report = { ended: true, status: 'failed', summary: 'two tests fail' } as const;
    expect(judgeAgent(exit(), report, options)).toMatchObject({ reason: 'agent_failed', error: 'two tests fail' });
    expect(judgeAgent(exit({ code: 1 }), report, { ...options, readOnly: true })).toMatchObject({
      reason: 'tests_failed',
      error: 'two tests fail',
    });
  });

  it('does not believe a success that exits with an error or was killed', () => {
    const report = { ended: true, status: 'success' } as const;
    expect(judgeAgent(exit({ code: 2, stderr: 'oh' }), report, options)).toMatchObject({
      error: 'the agent exited with code 2\noh',
    });
    expect(judgeAgent(exit({ code: null, signal: 'SIGSEGV' }), report, options)).toMatchObject({
      error: 'the agent was killed by SIGSEGV',
    });
  });

  it('forgives the signal that we sent to one that lingered after its last word', () => {
    const report = { ended: true, status: 'success' } as const;
    expect(judgeAgent(exit({ code: null, signal: 'SIGTERM', stopped: 'lingered' }), report, options).ok).toBe(true);
  });
});
