import { beforeEach, describe, expect, it } from 'vitest';
import { Entrance, Visit } from '../../../../src/supervisor/calls/entrance.js';
import { conversation as conversationOf } from '../../../helpers/calls.js';

let route: object;
let entrance: Entrance<object>;
let seen: string[];
beforeEach(() => {
  route = ['a'];
  entrance = new Entrance(() => route);
  seen = [];
});

class Guest extends Visit {
  constructor(
    readonly name: string,
    conversation: string,
  ) {
    super(conversationOf(conversation));
  }
  override begin(): void {
    seen.push(`${this.name} in`);
  }
  override go(): void {
    seen.push(`${this.name} out`);
  }
}

/** @returns what tells its outcome */
function enter(name: string, conversation = 'us', ownRoute: object | null = null): () => void {
  const guest = new Guest(name, conversation);
  guest.ownRoute = ownRoute;
  entrance.enter(guest, 0);
  return () => {
    if (!seen.includes(`${name} in`)) throw new Error(`${name} has not gone in`);
    entrance.leave(guest, 0);
  };
}

describe('an entrance', () => {
  it('lets everything in at once while the route stays, and gives outcomes in the order of arrival', () => {
    const [one, two] = [enter('1'), enter('2')];
    two();
    expect(seen).toEqual(['1 in', '2 in']);
    one();
    expect(seen.slice(2)).toEqual(['1 out', '2 out']);
  });

  it('lets a conversation take another route when all before it have left theirs', async () => {
    const [one, two] = [enter('1'), enter('2')];
    route = ['b'];
    enter('3');
    enter('other', 'them');
    two();
    await null;
    enter('4');
    expect(seen).toEqual(['1 in', '2 in', 'other in']);
    one();
    const five = enter('5');
    await null;
    expect(seen.slice(3)).toEqual(['1 out', '2 out', '3 in', '4 in', '5 in']);
    five();
    enter('6');
    expect(seen.slice(8)).toEqual(['6 in']);
  });

  it('keeps the order of a conversation in which some calls have their own routes', async () => {
    const alone = ['alone'];
    const one = enter('1');
    const [two, three] = [enter('2', 'us', alone), enter('3', 'us', alone)];
    const four = enter('4');
    enter('other', 'them', alone);
    expect(seen).toEqual(['1 in', 'other in']);
    one();
    await null;
    // They go the same way, so neither waits; the one behind them does.
    expect(seen.slice(2)).toEqual(['1 out', '2 in', '3 in']);
    three();
    await null;
    expect(seen.slice(5)).toEqual([]);
    two();
    await null;
    expect(seen.slice(5)).toEqual(['2 out', '3 out', '4 in']);
    four();
    expect(seen.slice(8)).toEqual(['4 out']);
  });

  it('takes a waiting call by the route of the moment when it goes in', async () => {
    const one = enter('1');
    route = ['b'];
    const two = enter('2');
    route = ['c'];
    const three = enter('3');
    one();
    await null;
    expect(seen).toEqual(['1 in', '1 out', '2 in', '3 in']);
    route = ['d'];
    enter('4');
    three();
    two();
    await null;
    expect(seen.slice(4)).toEqual(['2 out', '3 out', '4 in']);
  });
});
