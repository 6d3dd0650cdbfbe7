// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A 6-decimal token for local chains
/// @notice Stands where USDC stands on a public chain. Its whole supply is
/// handed to the holders that the deployer names, once; nobody can mint later.
contract TestUSDC is ERC20 {
    constructor(address[] memory holders, uint256 amountEach) ERC20("Test USD Coin", "USDC") {
        for (uint256 i = 0; i < holders.length; i++) {
            _mint(holders[i], amountEach);
        }
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
