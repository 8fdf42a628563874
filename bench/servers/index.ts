/** The servers that can be measured. To add one, say in a file how it is started; what it is asked is the scenarios' matter. */
import { dendrite } from './dendrite.ts';
import { floor } from './floor.ts';
import { ours, oursPostgres } from './ours.ts';
import type { Peer } from './server.ts';
import { synapse, synapsePostgres } from './synapse.ts';
import { tuwunel } from './tuwunel.ts';

export const PEERS: readonly Peer[] = [ours, oursPostgres, floor, synapse, synapsePostgres, tuwunel, dendrite];
