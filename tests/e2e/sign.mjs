// What viem signs: JSON lines in, JSON lines out. {"kind":"transaction"|"typedData"|"message", "key", ...}
import { createInterface } from 'node:readline';
import { privateKeyToAccount } from 'viem/accounts';

const big = (_, value) => (typeof value === 'string' && /^bigint:/.test(value) ? BigInt(value.slice(7)) : value);
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line, big);
  const account = privateKeyToAccount(request.key);
  let signed;
  if (request.kind === 'transaction') signed = await account.signTransaction(request.transaction);
  if (request.kind === 'typedData') signed = await account.signTypedData(request.typedData);
  if (request.kind === 'message') signed = await account.signMessage({ message: request.message });
  console.log(JSON.stringify({ signed }));
}
