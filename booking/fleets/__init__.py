"""Launch real buyers and write down what they do."""
