import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { PriorityQueue } from './priority-queue.ts';

test('what is pushed comes out in order, however pushes and pops are mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }))), (steps) => {
      const queue = new PriorityQueue<number>((a, b) => a - b);
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) expect(queue.pop()).toBe(model.shift());
        else {
          queue.push(step);
          model.push(step);
          model.sort((a, b) => a - b);
        }
        expect(queue.size).toBe(model.length);
      }
      while (model.length > 0) expect(queue.pop()).toBe(model.shift());
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
