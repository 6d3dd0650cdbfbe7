/*
 * Mnemonics that anyone can read in public documents, as SHA-256 of the text, so
 * that the list itself does not sit in the signer as phrases. Each group names
 * its source.
 */
#include "crypto/bip39_words.h"

#include "base/banned.h"

const char *const bip39_published[] = {
	/* Hardhat, Foundry (anvil, forge) */
	"f79cd64f9cea237897b8133e4b905b361c6f166faa5a1c64c32280938f5b707e",
	/* Ganache --deterministic (testrpc -d) */
	"9c5d0a6656e5d3f36601d0bf98762be09bad5d7b164382c1d6c826324d6d599a",
	/* Truffle develop, Ganache snapshots */
	"b83e96417f61cb148d0dc8a89b839ee4956ad45b5e4b6a2a6cae048e48782157",
	/* MetaMask snaps and test-dapp */
	"b7ed82512421c7b16fe5075ab92761c6f76945e560bbc49047266bcfa65de50b",
	/* MetaMask end-to-end tests */
	"480ea07d6a1a5ae623b37e2551cfe160b5cef97f566f1e7c344c141b6ea05d85",
	/* 0x ganache snapshot */
	"dcda1ddf8b6f16886838ecaebed6c25af77925523e07239de05adaa21920e135",
	/* Kyber and Matic tutorials */
	"61ac929c98842e5ad5cba190627897083cfcd765518a7bf6841dd41861c5f02a",
	/* Arbitrum nitro-testnode */
	"82733d2a2e7a59188730e748cbed511945c095061dadad8956e4a00f7d3a436b",
	/* zkSync local setup */
	"fc0f46bdfaa176fd1e32f66845b38acae3114c553c3b0a24237ccb2a0b3bc40e",
	/* Polygon polycli and kurtosis packages */
	"74532c8a576769decb51ee41fc6a5b0d9ecf27250d77b811d32f5aceb6daf84c",
	/* ethers v5 and v6 documentation */
	"eaeed9f42605b549089859b67308a98c645f21f69f5d13a38119427ee52ff4df",
	/* ethers v4 documentation, MetaMask issue 640 */
	"25fc2a50f850b3a27f0816ce76f28765cc432b5606839228802fd6f9599132f0",
	/* eth-account documentation */
	"fc919ed909d0761ecfd454e56a3ec340b1abbd15c78a9115262aefb7535a4360",
	/* Mastering Bitcoin and Mastering Ethereum, 12 words */
	"c4546324c2acf02b957dc4e4b754eda6cd1b946447cbbb2c35ec968f851e27eb",
	/* Mastering Bitcoin and Mastering Ethereum, 24 words */
	"995fa2f8b2b00f9bb6accb558418f0c481f524f5f82fd7077a6ae93433afbf72",
	/* Trust Wallet core and Aptos SDK tests */
	"b05e1c8f47994c08d322ba966181b11fffd4b54bc80b137a384bebd676252788",
	/* Trezor device tests */
	"58acf278961fcef660089d8233eddffe68bfaeb5ff69f3b03bdc5a8daa7f07d0",
	/* Trezor device tests, mnemonic12 */
	"860f63d377dd4de4c8b2a050ab5341babb4d44b33ceb15926bd466b1537cff24",
	/* Ledger Speculos default seed */
	"943b5f2dd50dcc7d791df6f3e1a9b0731023a23fe3983d25832493267ee7eaf8",
	/* Substrate DEV_PHRASE */
	"d16d608fce743a041ddb5841a32ceb7dd38645f27a6f3c5f5010d9403b1cb6c9",
	/* LocalTerra, LocalOsmosis test1 */
	"983c67a0812de63061e0c939f3b49b5b36797fcd9a2cf900a458a2f0fcf9c244",
	/* CosmJS simapp faucet */
	"dd4e5a47da1d3a67256e397e66da0e568e102285bfdab6c74d9b8e9043d6067c",
	/* BIP-39 test vectors (trezor/python-mnemonic), one byte repeated: 00, 7f, 80, ff */
	"c557eec878dfd852ba3f88087c4f350f09c55537ab5e549c3cd14320ec3cef38",
	"ecb0e7ba498c5920991f0b3483e91f7abafa9ecc6bd82a9a51494589592b1a8f",
	"3a64bcd9cea43c0aba67ba0bf2ddff8137a492bccbc672107fcbf7381086f698",
	"3c0949435a7e4277fac2fbe27975cdd9f5b5abf94d282112eaf4cebbb8560984",
	"29aedb051d65bcc80e3379acb13afb2a0807f5f4bbb346a9846c056720e0a7cd",
	"e770e8aa42a869cf269a5bda331f706a08e02a6223ffbd28d71580e2101e02a4",
	"15f41342748aa6c0718a6f4fa4e153acf61aa4dc073a6e77347fa2e4ef639162",
	"c1db187b992c8ddddbe9dfab0e88542e9af36e1816c0d4c70353cd1175159bd9",
	"69be79ef3c28f55d7cb84db2dd3c18dfff45eeefebd09b8c5f7f3489b8ba09ac",
	"3b1c5e02107409ea60548d8d8f686fd8d722791f3618deb1f9eb1e9f5c02cd35",
	"a5fe1cb4158ffd2a27ae93b5ac617903504c3ec9d8f6ac9737ecc207cb460e72",
	"e96bfc1d78867126dadff72e64807301e9bb837bcf329c86976647e529520528",
	/* the same vectors, random entropy */
	"d6da54d12db9eac818868b841c1c9cc7c39f5294c8620ad24b7715b7820febc0",
	"b12ee277a669b18fb7c5d9d3642c9298ce06f0814a4166a6396ad9cb2eccc914",
	"341c225b06c91708aa82ab8389075a8227fda76fb2b9cae2d445e36ca8c44da1",
	"6d828debd306e21a02511899832f7ee5591de0693b2f2bd78967fb1e09bafdbb",
	"cc95a8a1b5e9bf130a4468b1b4857b6a7fc64979970a06b806cb879460d15348",
	"30452ba5605dd25289bc2ae7b1883a53b1cece62e2331fa105b88c9682dd37c7",
	"b2e71100d10bee74156b69806498a2e3d90e432160c2e266465ba669a220d50b",
	"b8ae5c99142647d1043595539d615197ee7dad5e7c031d5447e78c69e62ba01f",
	"0f388b04e512d7a0eda5889c96ff034cf63499b73898965a8e187e3a8a25d198",
	"b1bff22ae077ce1ae482e4dcb01c144ff8a44e97fbb3f3a5f62567f4ac19da7c",
	"662c451cc5886e1d6f185f418b815a175bfd197536556607272b36fdefa8c969",
	"867f9f5929a7201c1116579e17be6ce501f8a8c5a8d0d1ac7173d72ae78fd945",
	/* bitcoinjs/bip39 test vectors, random entropy */
	"af565e166362ba8c511d863d9daa9bd558245a24813fbf01d598067b222f29e5",
	"78e448049ce8982c0f4b2fedad6501fdc4a15c28fdbc3fad7aef23911d7f10ab",
	"8acce484d89877432c6bccc68bb08e5ccc6ad1c8cdd3cae4c27b33c556f105bf",
	"dd00bda3dc1b2cffa73bc07d8a0c3af07a29c550aac62c98031641228b4b1908",
	"e082b06807bc19fe5d61969fb3126acfdbdc81de795af4508de3c865b210de9a",
	"51a6563c5a7c473a41726fc70ba75a69e5d12fea6d38e9c4d9cd419b3af74c3a",
	"0fc522be7ba7b8522e3345daf7046f5be97b9045e472552f82595a6cfe358e96",
	"8d21cd6cdb3efb0cbcdc26c225fe514e414041e952c97cfb8a026735fbe34071",
	"c1453478345bed3c7ef7d76c195d4d740c524ecf01939797751c5fa2c7fe4a2d",
	"b0ee0ba9f02887700823869a014ccc87ad4d07a6e8e924d9aedf8028f7c97cf7",
	"4cff2b1dccc505447935ea83c9fc4d3be392ae164e921c1f85c59e33aa259c31",
	"de3e1f85740aa827660187d4c0f3e26cce4402596c35157eb91b69e5095dc2f4",
	NULL,
};
