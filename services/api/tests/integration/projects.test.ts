import { serviceScopes } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

onBothDatabases('projects', (api) => {
  test('a new project is a draft of its creator', async () => {
    const user = await api.user();
    const { status, body } = await user.call('POST', '/projects', { name: 'shop', description: 'Sells things' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'shop', description: 'Sells things', status: 'draft', owner_id: user.userId });
    expect(body.id).toMatch(/^proj_[0-9a-f]{32}$/);
    expect(new Date(body.created_at).toISOString()).toBe(body.created_at);
    expect(await user.ok('GET', `/projects/${body.id}`)).toEqual(body);
    expect(await user.ok('GET', '/projects/shop')).toEqual(body);
  });

  test('a name is taken once per owner, and free again after archiving', async () => {
    const [ann, bob] = [await api.user(), await api.user()];
    const first = await ann.createProject('blog');
    expect(await ann.refused('POST', '/projects', { name: 'blog' })).toBe('409 NAME_TAKEN');
    await bob.createProject('blog');
    const archived = await ann.ok('POST', '/projects/blog/archive');
    expect(archived).toMatchObject({ id: first.id, status: 'archived' });
    expect(await ann.ok('POST', `/projects/${first.id}/archive`)).toEqual(archived);
    const second = await ann.createProject('blog');
    expect((await ann.ok('GET', '/projects/blog')).id).toBe(second.id);
    expect((await ann.ok('GET', `/projects/${first.id}`)).status).toBe('archived');
  });

  test('of two simultaneous creations of one name, one wins', async () => {
    const user = await api.user();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => user.call('POST', '/projects', { name: 'rush' })),
    );
    expect(answers.map((one) => one.status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  test('a dry run checks everything and stores nothing', async () => {
    const user = await api.user();
    const { status, body } = await user.call('POST', '/projects', { name: 'maybe', dry_run: true });
    expect([status, body.status]).toEqual([200, 'draft']);
    expect((await user.ok('GET', '/projects')).items).toEqual([]);
    await user.createProject('maybe');
    expect(await user.refused('POST', '/projects', { name: 'maybe', dry_run: true })).toBe('409 NAME_TAKEN');
  });

  test('what does not fit is refused field by field', async () => {
    const user = await api.user();
    const { status, body } = await user.call('POST', '/projects', { name: 'No Good', modules: [] });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.detail).toMatch(/^name: must be 2 to 39 of a-z, 0-9 and -/);
    expect(body.errors.map((one: { path: string }) => one.path).sort()).toEqual(['modules', 'name']);
  });

  test('an unknown project is refused with the nearest names', async () => {
    const user = await api.user();
    for (const name of ['weather', 'whether', 'invoices']) await user.createProject(name);
    const { status, body } = await user.call('GET', '/projects/wether');
    expect([status, body.code]).toEqual([404, 'PROJECT_NOT_FOUND']);
    expect(body.choices.sort()).toEqual(['weather', 'whether']);
  });

  test("somebody else's project is not found, by id, name or action", async () => {
    const [ann, bob] = [await api.user(), await api.user()];
    const { id } = await ann.createProject('private');
    for (const wanted of [id, 'private']) {
      expect(await bob.refused('GET', `/projects/${wanted}`)).toBe('404 PROJECT_NOT_FOUND');
      expect(await bob.refused('POST', `/projects/${wanted}/archive`)).toBe('404 PROJECT_NOT_FOUND');
      expect(await bob.refused('PUT', `/projects/${wanted}/secrets/A`, { value: 'x' })).toBe('404 PROJECT_NOT_FOUND');
      expect(await bob.refused('POST', '/tasks', { project: wanted, type: 'engineering', spec: 'x' })).toBe(
        '404 PROJECT_NOT_FOUND',
      );
    }
    const { body } = await bob.call('GET', '/projects/privat');
    expect(body.choices).toEqual([]);
    expect((await bob.ok('GET', '/projects')).items).toEqual([]);
    expect((await (await api.service()).ok('GET', `/projects/${id}`)).id).toBe(id);
  });

  test('a list is newest first, filtered, and paged without gaps', async () => {
    const user = await api.user();
    const names = ['aa', 'bb', 'cc', 'dd', 'ee'];
    for (const name of names) await user.createProject(name);
    const seen: string[] = [];
    let path = '/projects?limit=2';
    for (;;) {
      const page = await user.ok('GET', path);
      seen.push(...page.items.map((one: { name: string }) => one.name));
      if (page.next_cursor === null) break;
      path = `/projects?limit=2&cursor=${page.next_cursor}`;
    }
    expect(seen.length).toBe(5);
    expect([...seen].sort()).toEqual(names);
    await user.ok('POST', '/projects/cc/archive');
    const archived = await user.ok('GET', '/projects?status=archived');
    expect(archived.items.map((one: { name: string }) => one.name)).toEqual(['cc']);
    expect((await user.ok('GET', '/projects?name=dd')).items).toHaveLength(1);
    expect(await user.refused('GET', '/projects?limit=0')).toBe('400 VALIDATION_FAILED');
  });

  test('where a repository is, the scaffolder alone says, without any secret', async () => {
    const user = await api.user();
    const { id, repository } = await user.createProject('recorded');
    expect(repository).toBeNull();
    const path = `/projects/${id}/report`;
    const known = { full_name: `acme/${id}`, clone_url: 'https://git.example.org/acme/x.git', credential_ref: 'none:' };
    const scaffolder = await api.service([...serviceScopes.scaffolder]);
    const langgraph = await api.service([...serviceScopes.langgraph]);
    const old = await user.createProject('of-the-former-release');
    const reported = await scaffolder.ok('PATCH', `/projects/${old.id}/report`, {
      repository_url: `file:///var/repos/local/${old.id}.git`,
    });
    const name = `local/${old.id}`;
    expect(reported.repository).toEqual({ full_name: name, clone_url: `${name}.git`, credential_ref: 'none:' });
    const ofRepository = [{ repository: known }, { repository_url: 'file:///x' }, { main_sha: 'a' }];
    for (const body of ofRepository) {
      expect(await langgraph.refused('PATCH', path, body)).toBe('403 FORBIDDEN');
      expect(await user.refused('PATCH', path, body)).toBe('403 FORBIDDEN');
    }
    for (const wrong of [{ credential_ref: 'ghp_secret' }, { clone_url: 'https://ann:secret@git.example.org/x.git' }]) {
      const body = { repository: { ...known, ...wrong } };
      expect(await scaffolder.refused('PATCH', path, body)).toBe('400 VALIDATION_FAILED');
    }
    expect((await scaffolder.ok('PATCH', path, { repository: known })).repository).toEqual(known);
    expect((await langgraph.ok('PATCH', path, { status: 'developing' })).repository).toEqual(known);
    const query = `/projects?repository=${encodeURIComponent(known.full_name)}`;
    expect((await scaffolder.ok('GET', query)).items).toMatchObject([{ id, repository: known }]);
    expect((await (await api.user()).ok('GET', query)).items).toEqual([]);
  });

  test('a report sets what it names, and a status only from those it names', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject('reported');
    const path = `/projects/${id}/report`;
    const manifest = { test: ['npm', 'test'], start: ['npm', 'start'], environment: [] };
    const report = { status: 'scaffolded', from: ['draft', 'scaffolding'], main_sha: 'a'.repeat(40), manifest };
    const reported = await service.ok('PATCH', path, report);
    expect(reported).toMatchObject({ status: 'scaffolded', main_sha: 'a'.repeat(40), manifest, name: 'reported' });
    // The same report again is the same state, not a conflict.
    expect((await service.ok('PATCH', path, report)).status).toBe('scaffolded');
    expect(await service.refused('PATCH', path, { status: 'testing', from: ['developing'] })).toBe('409 CONFLICT');
    expect((await service.ok('PATCH', path, { status: 'developing' })).main_sha).toBe('a'.repeat(40));
    expect(await service.refused('PATCH', path, { status: 'archived' })).toBe('400 VALIDATION_FAILED');
    expect(await user.refused('PATCH', path, { status: 'active' })).toBe('403 FORBIDDEN');
    await user.ok('POST', `/projects/${id}/archive`);
    expect(await service.refused('PATCH', path, { status: 'active' })).toBe('409 PROJECT_ARCHIVED');
  });

  test('name and description change, one by one; what is left out stays', async () => {
    const user = await api.user();
    const { id } = await user.createProject('typo');
    const path = `/projects/${id}`;
    expect(await user.ok('PATCH', '/projects/typo', { description: 'Sells' })).toMatchObject({ id, name: 'typo' });
    const renamed = await user.ok('PATCH', path, { name: 'fixed' });
    expect(renamed).toMatchObject({ id, name: 'fixed', description: 'Sells', status: 'draft' });
    expect(await user.refused('GET', '/projects/typo')).toBe('404 PROJECT_NOT_FOUND');
    expect((await user.ok('PATCH', path, { name: 'fixed', description: null })).description).toBeNull();
    expect(await user.ok('GET', '/projects/fixed')).toMatchObject({ id, description: null });
  });

  test('a change to a name that is taken, of nothing, or of an archived project is refused', async () => {
    const user = await api.user();
    const [one] = [await user.createProject('first-one'), await user.createProject('second')];
    const path = `/projects/${one.id}`;
    expect(await user.refused('PATCH', path, { name: 'second' })).toBe('409 NAME_TAKEN');
    expect(await user.refused('PATCH', path, {})).toBe('400 VALIDATION_FAILED');
    expect(await user.refused('PATCH', path, { name: 'No Good' })).toBe('400 VALIDATION_FAILED');
    expect((await user.ok('GET', path)).name).toBe('first-one');
    expect(await (await api.user()).refused('PATCH', path, { name: 'mine' })).toBe('404 PROJECT_NOT_FOUND');
    await user.ok('POST', `${path}/archive`);
    expect(await user.refused('PATCH', path, { description: 'late' })).toBe('409 PROJECT_ARCHIVED');
  });

  test('of two simultaneous changes to one name, one wins', async () => {
    const user = await api.user();
    const made = [await user.createProject('racer-a'), await user.createProject('racer-b')];
    const change = ({ id }: { id: string }) => user.call('PATCH', `/projects/${id}`, { name: 'winner' });
    const answers = await Promise.all(made.map(change));
    expect(answers.map((one) => one.status).sort()).toEqual([200, 409]);
  });

  test('a change repeated under its key is one change', async () => {
    const user = await api.user();
    const { id } = await user.createProject('keyed');
    const change = (body: object) => user.call('PATCH', `/projects/${id}`, body, { key: 'k1' });
    const first = await change({ description: 'one' });
    await user.ok('PATCH', `/projects/${id}`, { description: 'two' });
    expect((await change({ description: 'one' })).body).toEqual(first.body);
    expect((await user.ok('GET', `/projects/${id}`)).description).toBe('two');
    expect((await change({ description: 'three' })).body.code).toBe('IDEMPOTENCY_MISMATCH');
  });

  test('a project with open tasks is not archived', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const created = await user.startEngineering(id);
    expect(await user.refused('POST', `/projects/${id}/archive`)).toBe('409 CONFLICT');
    await service.claim(created);
    expect(await user.refused('POST', `/projects/${id}/archive`)).toBe('409 CONFLICT');
    await service.finish(created);
    expect((await user.ok('POST', `/projects/${id}/archive`)).status).toBe('archived');
  });
});
