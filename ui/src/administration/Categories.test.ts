import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem } from '../shell/fake';
import Toaster from '../widgets/Toaster.svelte';
import { toasts } from '../widgets/toasts.svelte';
import { fr as words } from '../words/fr';
import { fr } from '../words/office.fr';
import Categories from './Categories.svelte';
import { deliver } from '../scanning/takers';
import { keyOf, priceOf } from './categories';

async function show(prepare: (port: FakePort) => void = () => undefined): Promise<FakePort> {
  const port = new FakePort();
  prepare(port);
  const app = new App(port);
  await app.start();
  toasts.list = [];
  render(Toaster);
  render(Categories, { app });
  return port;
}

const rows = (): string[] =>
  screen.getAllByTestId('category-row').map((row) => row.querySelector('strong')?.textContent ?? '');

describe('categories', () => {
  it('stand in the order of the tiles, with price and key', async () => {
    const port = await show();
    expect(await screen.findAllByTestId('category-row')).toHaveLength(port.shop.categories.length);
    expect(rows().slice(0, 2)).toEqual(['Livres', 'Vaisselle']);
    const [books] = screen.getAllByTestId('category-row');
    expect(books!.textContent?.replace(/\s/g, ' ')).toMatch(/1,00 €.*L/);
    expect(screen.getAllByTestId('category-row')[7]).toHaveTextContent(words.till.freePrice);
  });

  it('take barcodes that are scanned or typed, each once, and let them go again', async () => {
    const port = await show();
    const scanned = (code: string): boolean => deliver({ code, secret: false, putBack: null });
    await userEvent.click((await screen.findAllByTestId('category-edit'))[0]!);
    expect(screen.getAllByTestId('barcode').map((each) => each.textContent?.trim())).toEqual(['LAB-0000']);
    expect(scanned('3760123450018')).toBe(true);
    expect(scanned('3760123450018')).toBe(true);
    const problem = await screen.findByTestId('category-barcode-problem');
    expect(problem).toHaveTextContent(fr.categories.barcodeTwice('3760123450018'));
    await userEvent.type(screen.getByTestId('category-barcode'), 'é{Enter}');
    expect(problem).toHaveTextContent(fr.categories.barcodeWrong);
    await userEvent.clear(screen.getByTestId('category-barcode'));
    await userEvent.click(screen.getByLabelText(fr.categories.removeBarcode('LAB-0000')));
    await userEvent.type(screen.getByTestId('category-barcode'), 'LAB-0001');
    await userEvent.click(screen.getByTestId('category-save'));
    expect(await screen.findByTestId('category-barcode-problem')).toHaveTextContent(words.errors.barcode_taken);
    await userEvent.click(screen.getByLabelText(fr.categories.removeBarcode('LAB-0001')));
    await userEvent.type(screen.getByTestId('category-barcode'), 'LAB 77');
    await userEvent.click(screen.getByTestId('category-save'));
    await waitFor(() => expect(port.shop.categories[0]!.barcodes).toEqual(['3760123450018', 'LAB 77']));
  });

  it('are added with a price and a key, each looked at first', async () => {
    const port = await show();
    await userEvent.click(await screen.findByTestId('category-add'));
    await userEvent.click(screen.getByTestId('category-save'));
    expect(screen.getByTestId('category-problem')).toHaveTextContent(fr.categories.nameMissing);
    await userEvent.type(screen.getByTestId('category-name'), 'Skis');
    await userEvent.type(screen.getByTestId('category-price'), 'cher');
    await userEvent.click(screen.getByTestId('category-save'));
    expect(screen.getByTestId('category-problem')).toHaveTextContent(fr.categories.priceWrong);
    expect(document.activeElement).toBe(screen.getByTestId('category-price'));
    await userEvent.clear(screen.getByTestId('category-price'));
    await userEvent.type(screen.getByTestId('category-price'), '12,5');
    await userEvent.type(screen.getByTestId('category-key'), '!');
    await userEvent.click(screen.getByTestId('category-save'));
    expect(screen.getByTestId('category-problem')).toHaveTextContent(fr.categories.keyWrong);
    await userEvent.clear(screen.getByTestId('category-key'));
    await userEvent.type(screen.getByTestId('category-key'), 'v{Enter}');
    expect(screen.getByTestId('category-problem')).toHaveTextContent(words.errors.shortcut_taken);
    expect(document.activeElement).toBe(screen.getByTestId('category-key'));
    await userEvent.clear(screen.getByTestId('category-key'));
    await userEvent.type(screen.getByTestId('category-key'), 'K{Enter}');
    await waitFor(() => expect(rows().at(-1)).toBe('Skis'));
    expect(port.shop.categories.at(-1)).toMatchObject({ name: 'Skis', price_cents: 1_250, shortcut: 'k' });
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.categories.added('Skis'));
  });

  it('are changed in what was changed only', async () => {
    const port = await show();
    let sent: unknown = null;
    const change = port.changeCategory.bind(port);
    port.changeCategory = (id, wish) => {
      sent = wish;
      return change(id, wish);
    };
    await userEvent.click((await screen.findAllByTestId('category-edit'))[0]!);
    expect(screen.getByTestId('category-price')).toHaveValue('1,00');
    await userEvent.clear(screen.getByTestId('category-price'));
    await userEvent.click(screen.getByTestId('category-save'));
    await waitFor(() => expect(screen.queryByTestId('category-dialog')).toBeNull());
    expect(sent).toEqual({ price_cents: null });
    await userEvent.click(screen.getAllByTestId('category-edit')[0]!);
    await userEvent.clear(screen.getByTestId('category-name'));
    await userEvent.type(screen.getByTestId('category-name'), 'vaisselle{Enter}');
    expect(screen.getByTestId('category-problem')).toHaveTextContent(words.errors.name_taken);
  });

  it('are moved by a press, which keeps the focus and says the place', async () => {
    await show();
    await screen.findAllByTestId('category-row');
    const up = (): HTMLElement[] => screen.getAllByTestId('category-up');
    expect(up()[0]).toHaveAttribute('aria-disabled', 'true');
    await userEvent.click(up()[0]!);
    expect(rows()[0]).toBe('Livres');
    await userEvent.click(up()[1]!);
    await waitFor(() => expect(rows().slice(0, 2)).toEqual(['Vaisselle', 'Livres']));
    expect(document.activeElement).toBe(up()[0]);
    expect(screen.getByTestId('category-said')).toHaveTextContent(fr.categories.movedTo('Vaisselle', 1, 14));
    const last = screen.getAllByTestId('category-down').at(-1)!;
    expect(last).toHaveAttribute('aria-disabled', 'true');
  });

  it('are archived with a way back, and found among the archived ones', async () => {
    const port = await show();
    await userEvent.click((await screen.findAllByTestId('category-archive'))[0]!);
    await waitFor(() => expect(rows()[0]).toBe('Vaisselle'));
    const toast = await screen.findByTestId('toast');
    expect(toast).toHaveTextContent(fr.categories.archivedDone('Livres'));
    await userEvent.click(within(toast).getByTestId('toast-undo'));
    await waitFor(() => expect(rows()[0]).toBe('Livres'));
    await userEvent.click(screen.getAllByTestId('category-archive')[0]!);
    await userEvent.click(await screen.findByTestId('categories-archived'));
    expect(screen.getByTestId('category-archived')).toHaveTextContent('Livres');
    await userEvent.click(screen.getByTestId('category-restore'));
    await waitFor(() => expect(rows()[0]).toBe('Livres'));
    expect(port.shop.categories.every((each) => !each.is_archived)).toBe(true);
  });

  it('say why one does not come back', async () => {
    await show((port) => {
      port.shop.categories[0] = { ...port.shop.categories[0]!, is_archived: true, shortcut: 'v' };
    });
    await userEvent.click(await screen.findByTestId('categories-archived'));
    await userEvent.click(screen.getByTestId('category-restore'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.errors.shortcut_taken);
  });

  it('are offered in two languages where there are none', async () => {
    const port = await show((each) => (each.shop.categories = []));
    expect(await screen.findByTestId('categories-none')).toHaveTextContent(fr.categories.none);
    await userEvent.click(screen.getByTestId('categories-start-en'));
    await waitFor(() => expect(rows()).toContain('Books'));
    expect(screen.queryByTestId('categories-none')).toBeNull();
    expect(port.calls).toContain('startCategories');
  });

  it('change on the screen when somebody else changes them', async () => {
    const port = await show();
    await screen.findAllByTestId('category-row');
    await port.addCategory({ name: 'Skis', price_cents: null, shortcut: null });
    await waitFor(() => expect(rows().at(-1)).toBe('Skis'));
  });

  it('say why they cannot be shown', async () => {
    await show((port) => port.failures.set('shopCategories', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
  });
});

it('a price and a key are read as they are typed', () => {
  expect([priceOf(''), priceOf(' 2,5 €'), priceOf('0'), priceOf('100000')]).toEqual([null, 250, 0, 10_000_000]);
  for (const typed of ['x', '1,234', '-1', '100000,01']) expect(priceOf(typed), typed).toBeUndefined();
  expect([keyOf(' '), keyOf('É'), keyOf('7')]).toEqual([null, 'é', '7']);
  for (const typed of ['ab', '!', 'ß!']) expect(keyOf(typed), typed).toBeUndefined();
});
