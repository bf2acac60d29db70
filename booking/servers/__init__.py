"""Private real servers: started for a sale, ended with the process that started them."""
