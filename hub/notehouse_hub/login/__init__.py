"""What proves that somebody is who they say: passwords and second factors. For the Hub and for the API."""
