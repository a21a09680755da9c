"""Mini-N8N on one machine: local AWS, offline models, and the deployment to them."""
