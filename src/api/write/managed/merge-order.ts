// The order of the items of two lists that are merged, as structured-merge-diff has it (typed/merge.go, visitListItems):
// items of the new list keep its order, items of the old one alone stay about where they were.

interface Walk {
  readonly left: readonly string[];
  readonly right: readonly string[];
  readonly inRight: ReadonlySet<string>;
  /** Items of both lists, in the order of the new one. */
  readonly shared: readonly string[];
  readonly order: Set<string>;
  atLeft: number;
  atRight: number;
  atShared: number;
}

/** The items of both lists, each once; `right` is the new list, and neither holds an item twice. */
export function mergedOrder(left: readonly string[], right: readonly string[]): readonly string[] {
  const inLeft = new Set(left);
  const walk: Walk = {
    left,
    right,
    inRight: new Set(right),
    shared: right.filter((item) => inLeft.has(item)),
    order: new Set(),
    atLeft: 0,
    atRight: 0,
    atShared: 0,
  };
  while (walk.atLeft < left.length || walk.atRight < right.length) {
    if (!takeFromLeft(walk)) takeFromRight(walk);
  }
  return [...walk.order];
}

/** True when the item of the old list was taken or passed over, and the next one is to be looked at first. */
function takeFromLeft(walk: Walk): boolean {
  const item = walk.left[walk.atLeft];
  if (item === undefined) return false;
  if (!walk.inRight.has(item)) {
    walk.order.add(item);
    walk.atLeft += 1;
    return true;
  }
  if (item === walk.right[walk.atRight]) {
    takeFromRight(walk);
    walk.atLeft += 1;
    return true;
  }
  const next = walk.shared[walk.atShared];
  const isPassed = walk.order.has(item) || (next !== undefined && next !== item);
  if (isPassed) walk.atLeft += 1;
  return isPassed;
}

function takeFromRight(walk: Walk): void {
  const item = walk.right[walk.atRight];
  if (item === undefined) return;
  walk.order.add(item);
  walk.atRight += 1;
  if (walk.shared[walk.atShared] === item) walk.atShared += 1;
}
