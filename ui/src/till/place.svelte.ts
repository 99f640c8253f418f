// Remembers where the operator is in a field, and puts her back there.

import { untrack } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import type { Ticket } from './ticket.svelte';

type Typable = HTMLInputElement | HTMLTextAreaElement;

/** The text half typed into `field` when the ticket was kept, if that is where the operator was. */
export function typedIn(ticket: Ticket, field: string): string | null {
  const { place } = ticket.draft;
  return place.field === field ? place.typed : null;
}

/** Keeps the place in a field as the operator types and moves; gives it back once where `restore` says so. */
export function remember(ticket: Ticket, field: string, restore = false): Attachment<Typable> {
  return (node) => {
    const { field: at, cursor } = untrack(() => ticket.draft.place);
    const note = (): void => {
      if (document.activeElement !== node) return;
      ticket.setPlace({ field, typed: node.value, cursor: node.selectionEnd ?? node.value.length });
    };
    if (restore && at === field) {
      node.focus({ preventScroll: true });
      const end = Math.min(cursor, node.value.length);
      node.setSelectionRange(end, end);
    }
    node.dataset['field'] = field;
    const kinds = ['focus', 'input', 'keyup', 'pointerup', 'select'] as const;
    for (const kind of kinds) node.addEventListener(kind, note);
    return () => {
      for (const kind of kinds) node.removeEventListener(kind, note);
    };
  };
}

/** Whether the ticket came back with a place to return to. */
export const placed = (ticket: Ticket): boolean => ticket.loaded && ticket.draft.place.screen !== '';
