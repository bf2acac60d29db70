"""What safety costs: guards, locks and stores side by side, against what the machine can do."""
