/**
 * Devices and what joins them: in a machine every device has a port of the machine's fabric, each machine one port to the network. Ports are full
 * duplex. A message takes latency + bytes ÷ bandwidth (the α–β model: Hockney, The communication challenge for MPP, Parallel Computing 20, 1994);
 * messages that leave or enter by one port at a time share it one after the other.
 */
import { internalError } from '#base';

export interface Link {
  /** Bytes a second, in each direction. */
  readonly bandwidth: number;
  /** Seconds of a message beside its bytes. */
  readonly latency: number;
}

export interface Cluster {
  readonly devices: number;
  /** Of a machine; devices are numbered machine by machine. */
  readonly perNode: number;
  /** Between devices of a machine; null where each has one. */
  readonly intra: Link | null;
  /** Between machines; null where there is one. */
  readonly inter: Link | null;
}

export interface Message {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

export const machineOfDevice = ({ perNode }: Cluster, device: number): number => Math.floor(device / perNode);

/** The link that a message goes over. */
export function linkBetween(cluster: Cluster, from: number, to: number): Link {
  const isInside = machineOfDevice(cluster, from) === machineOfDevice(cluster, to);
  const link = isInside ? cluster.intra : cluster.inter;
  if (link === null) throw internalError({ what: `no link joins device ${from} and ${to}` });
  return link;
}

export const messageSeconds = (cluster: Cluster, { from, to, bytes }: Message): number => {
  const { latency, bandwidth } = linkBetween(cluster, from, to);
  return latency + bytes / bandwidth;
};

/** Ports that a message holds: out of the sender, into the receiver, and of their machines where it leaves one. */
export function portsOf(cluster: Cluster, from: number, to: number): readonly string[] {
  const [a, b] = [machineOfDevice(cluster, from), machineOfDevice(cluster, to)];
  return a === b ? [`out ${from}`, `in ${to}`] : [`network out ${a}`, `network in ${b}`];
}

/** Messages that are sent at once: until the fullest port is through. */
export function roundSeconds(cluster: Cluster, messages: readonly Message[]): number {
  const waiting = new Map<string, { latency: number; seconds: number }>();
  for (const message of messages) {
    const { latency, bandwidth } = linkBetween(cluster, message.from, message.to);
    for (const port of portsOf(cluster, message.from, message.to)) {
      const so = waiting.get(port) ?? { latency, seconds: 0 };
      waiting.set(port, { latency, seconds: so.seconds + message.bytes / bandwidth });
    }
  }
  return [...waiting.values()].reduce((most, { latency, seconds }) => Math.max(most, latency + seconds), 0);
}
