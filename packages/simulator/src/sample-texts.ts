/** Short texts as a clinic, a shop or a school would send them. Names and numbers are made up. */
export const SAMPLE_TEXTS = [
  '【きたクリニック】明日10時のご予約を承っております。変更はお電話にてお願いいたします。',
  '【みなみ歯科】定期検診の時期になりました。ご都合のよい日をお知らせください。',
  'ご注文の商品を発送いたしました。お届けは明日の午前中の予定です。',
  '認証コードは 482913 です。このコードを他の人に教えないでください。',
  '【あおば塾】本日の授業は大雪のため休講といたします。振替日は追ってご連絡いたします。',
  '会員様限定のご案内です。今週末は全品10%引きとなります。',
  'お振込を確認いたしました。ありがとうございます。',
  '【もりの図書館】ご予約の本が届きました。7日以内にお越しください。',
  '点検作業のため、23日の午前2時から4時までサービスを停止いたします。',
  'お忘れ物をお預かりしております。受付までお越しください。',
] as const;

/** Alphanumeric sender names, which are not phone numbers. */
export const SAMPLE_SENDERS = ['KitaClinic', 'AobaJuku', 'MoriLib', 'DemoShop'] as const;

/** A recipient that cannot exist: Japanese mobile numbers have no 000 after their prefix. */
export function fictitiousRecipient(number: number): string {
  return `+8190000${String(number % 100_000).padStart(5, '0')}`;
}
