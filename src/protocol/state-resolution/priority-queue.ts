/**
 * A binary heap: `pop` gives the least element by `compare`. Draining it is a sort that can be interrupted between any two
 * elements, which `Array.prototype.sort` cannot.
 */
export class PriorityQueue<T> {
  private readonly heap: T[] = [];

  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.heap.length;
  }

  push(item: T): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.compare(item, heap[parent] as T) >= 0) break;
      heap[index] = heap[parent] as T;
      index = parent;
    }
    heap[index] = item;
  }

  pop(): T | undefined {
    const { heap } = this;
    const least = heap[0];
    const last = heap.pop();
    if (heap.length > 0) this.sinkFromTop(last as T);
    return least;
  }

  private sinkFromTop(item: T): void {
    const { heap } = this;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.compare(heap[child + 1] as T, heap[child] as T) < 0) child++;
      if (this.compare(item, heap[child] as T) <= 0) break;
      heap[index] = heap[child] as T;
      index = child;
    }
    heap[index] = item;
  }
}
