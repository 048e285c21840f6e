import { expect, test } from 'vitest';
import { TestReport } from '../../src/agents/test-report.js';

function read(output: string): { report: TestReport; shown: string[] } {
  const report = new TestReport();
  const shown = output.split('\n').flatMap((line) => report.line(line)?.text ?? []);
  return { report, shown };
}

const yaml = (indent: string, lines: string[]) => ['---', ...lines, '...'].map((line) => `${indent}${line}`);

test('a TAP report: names, places and messages of failed tests, and the total', () => {
  const { report, shown } = read(
    [
      'TAP version 13',
      'ok 1 - good',
      ...yaml('  ', ['duration_ms: 1.3']),
      '# Subtest: bad',
      'not ok 2 - bad',
      ...yaml('  ', [
        `location: '${process.cwd()}/test/bad.test.js:2:1'`,
        "error: 'it is bad'",
        "code: 'ERR_ASSERTION'",
      ]),
      'ok 3 - fine',
      '1..3',
      '# tests 16',
      '# fail 1',
    ].join('\n'),
  );

  expect(report.sentence()).toBe('1 of 16 tests failed: bad (test/bad.test.js:2) it is bad');
  expect(shown).toEqual(['passed: good', 'failed: bad', '1 failed so far: bad']);
});

test.each([
  ['an empty run', 'TAP version 13\n1..0\n# tests 0\n# pass 0'],
  ['an empty run, for people', 'ℹ tests 0\nℹ suites 0\nℹ pass 0'],
  ['files without a test', 'TAP version 13\nok 1 - /srv/test/a.test.js\nok 2 - b.test.mts # SKIP\n1..2\n# tests 2'],
  ['files without a test, for people', '✔ /srv/test/a.test.js (131.066087ms)\nℹ tests 1'],
  ['tests that are all skipped', 'TAP version 13\nok 1 - later # SKIP\nok 2 - one # TODO\n1..2\n# tests 2'],
  ['skipped ones in JUnit', '<testsuite>\n<testcase name="a"><skipped/></testcase>\n</testsuite>'],
  ['Python', 'Ran 0 tests in 0.000s\n\nOK'],
  ['Mocha', '\n  0 passing (1ms)'],
])('detects that no test ran: %s', (_, output) => {
  expect(read(output).report.isEmpty).toBe(true);
});

test.each([
  ['', false],
  ['TAP version 13\nok 1 - a.b works\n# tests 1', true],
  ['ok  \texample.com/site\t0.1s', false],
  ['Ran 3 tests in 0.000s', false],
  ['TAP version 13\n1..0\nTAP version 13\nok 1 - good', true],
  ['  0 passing (1ms)\n  5 passing (4ms)', false],
  ['Ran 0 tests in 0.000s\n\nOK\nRan 2 tests in 0.1s', false],
  ['ℹ tests 0\nℹ pass 0\nTests:       5 passed, 5 total', false],
  ['ℹ Building the site\nall checks hold', false],
  ['<?xml version="1.0"?>\n<svg/>\nall checks hold', false],
])('%j is not an empty run', (output, isKnown) => {
  const { report } = read(output);
  expect([report.isEmpty, report.total > 0]).toEqual([false, isKnown]);
});

test.each([
  '===== 3 passed, 1 skipped in 0.12s =====',
  '      Tests  5 passed (5)',
  'Tests:       1 skipped, 5 passed, 6 total',
  'test result: ok. 2 passed; 0 failed; 0 ignored',
  'Ran 1 test in 0.000s',
  ' 3 pass',
  '4 examples, 0 failures',
  'OK (3 tests, 5 assertions)',
  '[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 0',
  'Passed!  - Failed:     0, Passed:     7, Skipped:     0, Total:     7',
  'ok  \texample.com/site\t0.104s',
  'TAP version 14\nok 1 - good',
])('detects that tests ran, with any runner: %j', (output) => {
  expect(read(output).report.hasRun).toBe(true);
});

test.each([
  '===== no tests ran in 0.01s =====',
  'test result: ok. 0 passed; 0 failed; 0 ignored',
  '?   \texample.com/site\t[no test files]',
  'ok  \texample.com/site\t0.104s [no tests to run]',
  'Tests run: 0, Failures: 0',
  '0 passing (10ms)',
  'release 10 passes nothing on',
])('does not report tests if none ran: %j', (output) => {
  expect(read(output).report.hasRun).toBe(false);
});

test('counts subtests, not their parents; todo and skipped tests have not failed; keeps the first line of a message', () => {
  const { report } = read(
    [
      'TAP version 14',
      '# Subtest: group',
      '    not ok 1 - inner # with a hash',
      ...yaml('      ', ['error: |-', '  multi', '  line', 'stack: |-', '  error: not this']),
      '    ok 2 - other',
      '    not ok 3 - later # TODO',
      '    ok 4 - left out # SKIP no network',
      '    1..4',
      'not ok 1 - group',
      ...yaml('  ', ["failureType: 'subtestsFailed'", "error: '1 subtest failed'"]),
      '# Subtest: outer',
      '    ok 1 - inside',
      'not ok 2 - outer',
      'not ok 3',
      '1..3',
    ].join('\n'),
  );

  expect(report.failed).toEqual([{ name: 'inner', message: 'multi' }, { name: 'outer' }, { name: 'unnamed test' }]);
  expect(report.sentence()).toMatch(/^3 of 7 tests failed: inner multi; outer; unnamed test/);
});

test('a message whose first line ends with a colon includes the next line', () => {
  const said = 'Expected values to be strictly equal: 2 !== 3';
  const tap = [
    'error: |-',
    '  Expected values to be strictly equal:',
    '  ',
    '  2 !== 3',
    '  ',
    "code: 'ERR_ASSERTION'",
  ];
  const outputs = [
    ['TAP version 13', 'not ok 1 - adds up', ...yaml('  ', tap), '1..1'],
    [
      ...['✖ adds up (1.2ms)', '✖ failing tests:', '', 'test at test/f.test.js:1:1', '✖ adds up (1.2ms)'],
      ...['  AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:', '  ', '  2 !== 3', '  '],
      '    at TestContext.<anonymous> (file:///test/f.test.js:1:1) {',
    ],
    [
      '<testsuite><testcase name="adds up"><failure message="Expected values to be strictly equal:&#10;&#10;2 !== 3&#10;">',
      '</failure></testcase></testsuite>',
    ],
  ];
  for (const lines of outputs) expect(read(lines.join('\n')).report.failed[0]?.message).toBe(said);
});

test('several reports in one output are added up, and long lists are cut', () => {
  const one = ['TAP version 13', ...[1, 2, 3].map((n) => `not ok ${n} - t${n}`), '# tests 10'];
  const { report } = read([...one, ...one].join('\n'));

  expect(report.sentence()).toBe('6 of 20 tests failed: t1; t2; t3; and 3 more');
});

test("the report of Node's spec reporter", () => {
  const { report, shown } = read(
    [
      '✔ good (5.743879ms)',
      '✖ bad (0.8ms)',
      '▶ group',
      '  ✔ inner (with a bracket) (0.1ms)',
      '✖ group (1.1ms)',
      'ℹ tests 7',
      'ℹ fail 2',
      '',
      '✖ failing tests:',
      '',
      'test at test/a.test.js:3:1',
      '✖ bad (0.8ms)',
      '  AssertionError [ERR_ASSERTION]: it is bad',
      '      at TestContext.<anonymous> (/tmp/a.test.js:3:25)',
      '',
      'test at test/a.test.js:9:1',
      '✖ later (0.8ms) # TODO',
      '  Error: x',
    ].join('\n'),
  );

  expect(report.sentence()).toBe('1 of 7 tests failed: bad (test/a.test.js:3) it is bad');
  expect(shown).toEqual(['passed: good', 'passed: inner (with a bracket)', 'failed: bad']);
});

test.each(['\n', ''])('JUnit, its tags joined by %j', (between) => {
  const { report } = read(
    [
      '<?xml version="1.0"?><testsuites><testsuite name="all">',
      '<testcase name="good" classname="test" time="0.1"/>',
      '<testcase name="a &lt; b" file="test/bad.py" line="12">',
      '<failure message="expected &quot;1&quot;&#10;got 2" type="x">trace</failure></testcase>',
      '<testcase name="worse" classname="pkg.Worse"><error>it broke</error></testcase>',
      '<testcase name="skipped"><skipped/></testcase>',
      '</testsuite></testsuites>',
    ].join(between),
  );

  expect(report.sentence()).toBe(
    '2 of 4 tests failed: a < b (test/bad.py:12) expected "1"; worse (pkg.Worse) it broke',
  );
});

test('shows every line of an unknown format, and reports nothing', () => {
  const { report, shown } = read('ok 1 - no header\n3 passed');

  expect(shown).toEqual(['ok 1 - no header', '3 passed']);
  expect(report.sentence()).toBeUndefined();
});

test.each(['file:///x%2Fy.js', 'file://elsewhere/x.js', 'file://%'])(
  '%s, an invalid place, is reported all the same',
  (place) => {
    const tap = read(['TAP version 13', 'not ok 1 - bad', ...yaml('  ', [`location: '${place}:2:1'`])].join('\n'));
    const spec = read(['✖ bad (1ms)', '✖ failing tests:', `test at ${place}:2:1`, '✖ bad (1ms)'].join('\n'));
    const junit = read(`<testsuite><testcase name="good" file="${place}"/>`);

    expect(tap.report.sentence()).toMatch(/^1 of 1 tests failed: bad \(.+\)$/);
    expect(spec.report.sentence()).toBe(tap.report.sentence());
    expect(junit.shown).toEqual(['passed: good']);
  },
);

test('names, places and messages are in one line, without control characters', () => {
  const { report } = read(
    [
      '<testsuite>',
      '<testcase name="&#10;all is\u001b[2K&#10;well\u0007" file="a&#10;b.js"><failure message="&#10;it is\rbad"/></testcase>',
    ].join('\n'),
  );

  expect(report.sentence()).toBe('1 of 1 tests failed: all is well (a b.js) it is bad');
});
