"""Private real servers: started for a sale, gone with the process that wanted them."""
