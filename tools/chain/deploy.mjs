// Puts what a prediction market needs on a local chain: the real
// ConditionalTokens contract (from its npm package), a 6-decimal test USDC that
// the ten development accounts hold, and one binary market.
//
//   node tools/chain/deploy.mjs RPC_URL [OUT.json]
//
// Prints one JSON object. The deployer and the market's oracle is development
// account 9; it must hold ether (anvil gives it some).
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createPublicClient, createWalletClient, defineChain, encodePacked, http, keccak256, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import solc from 'solc';

const require = createRequire(import.meta.url);
const PHRASE = 'test test test test test test test test test test test junk';
const EACH = 1_000_000_000_000n; // a million USDC

function compile(file, name) {
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: readFileSync(new URL(`../../contracts/${file}`, import.meta.url), 'utf8') } },
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'cancun',
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const find = (path) => ({ contents: readFileSync(require.resolve(path), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  const contract = output.contracts[file][name];
  return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}

const [url, out] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node tools/chain/deploy.mjs RPC_URL [OUT.json]');
  process.exit(2);
}
const accounts = [...Array(10).keys()].map((addressIndex) => mnemonicToAccount(PHRASE, { addressIndex }));
const oracle = accounts[9];
const probe = createPublicClient({ transport: http(url) });
const chain = defineChain({
  id: await probe.getChainId(),
  name: 'local',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const client = createPublicClient({ chain, transport: http(url), pollingInterval: 50 });
const wallet = createWalletClient({ chain, account: oracle, transport: http(url) });

const mined = async (hash) => {
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error(`transaction ${hash} reverted`);
  return receipt;
};
const deploy = async ({ abi, bytecode }, args = []) =>
  (await mined(await wallet.deployContract({ abi, bytecode, args }))).contractAddress;

const ctf = JSON.parse(readFileSync(require.resolve('@gnosis.pm/conditional-tokens-contracts/build/contracts/ConditionalTokens.json'), 'utf8'));
const conditionalTokens = await deploy(ctf);
const usdc = await deploy(compile('TestUSDC.sol', 'TestUSDC'), [accounts.map((a) => a.address), EACH]);
const questionId = keccak256(toHex('Will the first market of Selfsame resolve to yes?'));
await mined(await wallet.writeContract({
  address: conditionalTokens,
  abi: ctf.abi,
  functionName: 'prepareCondition',
  args: [oracle.address, questionId, 2n],
}));
const conditionId = keccak256(encodePacked(['address', 'bytes32', 'uint256'], [oracle.address, questionId, 2n]));
const result = JSON.stringify({ chainId: chain.id, conditionalTokens, usdc, questionId, conditionId, oracle: oracle.address });
if (out !== undefined) writeFileSync(out, `${result}\n`);
console.log(result);
