#!/usr/bin/env node
import { policyCommand } from './policy.js';

const [command, ...args] = process.argv.slice(2);
if (command === 'policy') process.exitCode = await policyCommand(args, process);
else process.stdout.write('ltl\n');
