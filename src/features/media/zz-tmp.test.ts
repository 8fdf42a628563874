import { expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { TestRepository } from './test-repository.ts';
forEachEngine('x', (engine) => {
  for (let i = 0; i < 10; i++) {
    test(`rejects ${process.env.MODE}`, async () => {
      const r = await TestRepository.open(engine);
      const p = r.feature.quarantine.protect('unknown', true);
      if (process.env.MODE === 'rejects') expect(p).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
      else if (process.env.MODE === 'awaited') await expect(p).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
      else expect(await p.catch((e: unknown) => e)).toMatchObject({ errcode: 'M_NOT_FOUND' });
      r.remove();
    });
  }
});
