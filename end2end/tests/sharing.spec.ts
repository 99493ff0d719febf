/** What an organisation shows whom: seen before it is saved, narrowed at once, widened with a second administrator. */
import { expect, test } from '../support/test.ts';

test.use({ role: 'org_admin' });

test('a change is seen before it is saved, and can be left', async ({ page }) => {
  await page.goto('/admin/sharing');
  const form = page.locator('.rule-form').filter({ hasText: 'Posture' });
  await form.locator('select[name=level]').selectOption('summary');
  await form.getByRole('button', { name: 'Preview' }).click();
  const preview = page.locator('#preview');
  await expect(preview.getByRole('heading')).toHaveText('Before you save');
  await expect(preview).toContainText('would see less than now');
  await expect(preview.locator('tbody tr')).not.toHaveCount(0);
  await preview.getByRole('link', { name: 'Leave it as it is' }).click();
  await expect(page.locator('#preview')).toHaveCount(0);
  await expect(page.locator('#rules tbody tr').first()).toContainText('every value');
});
