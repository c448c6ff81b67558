"""What an installation of Amanah stands on: images, gateway, database, broker, key server. No service imports it."""
