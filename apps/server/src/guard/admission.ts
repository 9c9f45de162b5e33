/** @file How much may be under way: in all, and for one client. Asked before a body is read. */
import { bodyTooLarge, busy, stopping, tooManyRequests } from "../faults.ts";
import type { Limits } from "../settings.ts";
import type { Spool } from "../spool.ts";

export class Admission {
  private total = 0;
  private readonly clients = new Map<string, number>();
  stopping = false;

  constructor(
    private readonly limits: Limits,
    private readonly spool: Spool,
  ) {}

  get underWay(): number {
    return this.total;
  }

  /** Lets a request in, and returns what is to be called once it is over. `length`: of its body, as far as it says. Throws HttpFault. */
  enter(client: string, length: number): () => void {
    const { bodyBytes, requests, clientRequests } = this.limits;
    if (this.stopping) throw stopping();
    if (length > bodyBytes) throw bodyTooLarge(bodyBytes);
    const own = this.clients.get(client) ?? 0;
    if (own >= clientRequests) throw tooManyRequests(clientRequests);
    if (this.total >= requests) throw busy(1);
    if (!this.spool.hasRoom(length)) throw busy(30);
    this.total++;
    this.clients.set(client, own + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.total--;
      const left = this.clients.get(client)! - 1;
      if (left > 0) this.clients.set(client, left);
      else this.clients.delete(client);
    };
  }
}
