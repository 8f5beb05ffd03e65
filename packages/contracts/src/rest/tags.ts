/** Groups of the API, in the order of the document, each with a description. */
export const TAGS = {
  'Main accounts': 'Customers: their books, plan, credit and time zone',
  Activation: 'Whether a customer may have sub-accounts; the help desk decides',
  Points: 'Purchases, corrections and the statement of the main account, line by line',
  Plan: 'Prepay or postpay',
  'Sub-accounts': 'Departments and staff of a customer, each with a monthly point limit',
  Access: 'API keys of a customer’s programs',
  Holds: 'Points set aside before a message is sent; for the SMS service',
  Operations: 'Outcome of writes that were answered with 202',
  'Sender numbers': 'Registered numbers (K Premium) that messages may be sent from',
  Session: 'Logging in and out, and the own password',
  'Own sub-account': 'What a sub-account sees of itself',
  Periods: 'Statements per sub-account and month, and a preview of the next month start',
  Webhooks: 'Calls of a customer’s own server when something happens',
  Streams: 'Server-sent events of what changes, for browsers',
  'Audit log': 'Who changed what, when and from where',
  Messages: 'The message log, its CSV file, and usage for charts',
} as const;
export type Tag = keyof typeof TAGS;
export const TAG_NAMES = Object.keys(TAGS) as Tag[];
